import { type ArraySpec, type Compiled, type Executor, HostArray, type HostData } from "@flowify/core";
import { type DType, type JsTree, makeJaxpr, type numpy as np, tree } from "@jax-js/jax";
import type { Tensor } from "onnxruntime-node";
import { countFlops } from "./flops.js";
import { fusedProgram } from "./fused/fused-program.js";
import { lower } from "./lower/lower.js";
import { onnxProgram } from "./onnx-program.js";
import { leafPaths } from "./paths.js";
import { availableCores, loadRuntime, sessionOptions } from "./runtime.js";
import { type Signature, type Slot, TensorStore } from "./tensors.js";

export type NativeExecutorOptions = {
  /** Threads inside an operator; by default one for each core that this process may use. */
  threads?: number;
  /**
   * Rounds numbers below 1e-38 to zero, which some processors compute a hundred times slower. Off by
   * default: ONNX Runtime sets it for the whole process when its first session is made, so that
   * JavaScript too loses the numbers below 2e-308.
   */
  flushDenormals?: boolean;
};

/**
 * Runs pure jax functions in ONNX Runtime on the CPU. A function is traced for its shapes, lowered
 * to an ONNX graph and compiled to a session, or, where it only works element by element on large
 * float32 arrays, compiled to WebAssembly kernels; placed arrays are tensors in the memory of the host.
 *
 * @throws DeviceError where `onnxruntime-node` is not installed or its library does not load.
 */
export async function nativeExecutor({
  threads = availableCores(),
  flushDenormals = false,
}: NativeExecutorOptions = {}): Promise<Executor> {
  const store = new TensorStore(await loadRuntime());
  const open = new Set<Compiled>();
  return {
    name: "native",
    async compile(f, specs, { name = f.name || "function" } = {}) {
      const start = performance.now();
      const inputs = specs.flatMap((spec, i) => slots(spec, `arg${i}`));
      const avals = specs.map((spec) => tree.map((leaf) => new TracedSpec(leaf as ArraySpec), spec as never));
      const traced = makeJaxpr(f as unknown as Traceable)(...avals);
      try {
        const structure = traced.treedef;
        const leaves = traced.jaxpr.jaxpr.outs.map((out) => out.aval);
        const outputNames = leafPaths(
          tree.unflatten(structure, leaves.map(() => new Leaf()) as never),
          "out",
        );
        const outputs = leaves.map(({ shape, dtype }, i) => ({
          name: outputNames[i] as string,
          shape,
          dtype,
        }));
        const signature: Signature = { name, inputs, outputs, structure };
        const traceMs = performance.now() - start;
        const program =
          (await fusedProgram(store, traced.jaxpr, signature)) ??
          (await onnxProgram(
            store,
            lower(traced.jaxpr, { name, inputNames: inputs.map((slot) => slot.name), outputNames }),
            signature,
            sessionOptions(threads, flushDenormals),
          ));
        const compiled: Compiled = {
          traceMs,
          compileMs: performance.now() - start - traceMs,
          flops: countFlops(traced.jaxpr.jaxpr),
          run: (args, { into } = {}) => program.run(args, into),
          async dispose() {
            if (open.delete(compiled)) await program.dispose();
          },
        };
        open.add(compiled);
        return compiled;
      } finally {
        traced.jaxpr.dispose();
      }
    },
    async place(host) {
      return mapLeaves(host, (leaf) => store.copy(leaf as HostArray));
    },
    async fetch(placed) {
      return mapLeaves(placed, (leaf) => hostOf(leaf as Tensor));
    },
    release(placed) {
      for (const leaf of tree.leaves(placed as never)) store.release(leaf as Tensor);
    },
    async dispose() {
      await Promise.all([...open].map((compiled) => compiled.dispose()));
    },
  };
}

/** What `makeJaxpr` takes; it accepts shapes and types in the place of arrays. */
type Traceable = (...args: unknown[]) => JsTree<np.Array>;

/** Stands for an argument while tracing: a class, so that trees take it for a leaf. */
class TracedSpec {
  readonly shape: number[];
  readonly dtype: DType;
  readonly weakType = false;
  constructor({ shape, dtype }: ArraySpec) {
    this.shape = [...shape];
    this.dtype = dtype;
  }
}

class Leaf {}

function slots(spec: JsTree<ArraySpec>, prefix: string): Slot[] {
  const names = leafPaths(spec, prefix);
  return (tree.leaves(spec as never) as ArraySpec[]).map(({ shape, dtype }, i) => ({
    name: names[i] as string,
    shape,
    dtype,
  }));
}

function hostOf(tensor: Tensor): HostArray {
  return new HostArray((tensor.data as HostData).slice(), tensor.dims, tensor.type as DType);
}

function mapLeaves<A extends object, B extends object>(from: JsTree<A>, f: (leaf: unknown) => B): JsTree<B> {
  return tree.map(f, from as never) as JsTree<B>;
}
