import { join } from "node:path";
import { type Compiled, type Executor, HostArray, type HostData, UsageError } from "@flowify/core";
import { type DType, type JsTree, tree } from "@jax-js/jax";
import type { Tensor } from "onnxruntime-node";
import { fusedProgram } from "./fused/fused-program.js";
import { onnxProgram } from "./onnx-program.js";
import { availableCores, availableMemory } from "./resources.js";
import { loadRuntime, sessionOptions } from "./runtime.js";
import { TensorStore } from "./tensors.js";
import { trace } from "./trace.js";

const MOST_THREADS = 256;

export type NativeExecutorOptions = {
  /** Threads inside an operator; by default one for each core that this process may use. */
  threads?: number;
  /**
   * Rounds numbers below 1e-38 to zero, which some processors compute a hundred times slower. Off by
   * default: ONNX Runtime sets it for the whole process when its first session is made, so that
   * JavaScript too loses the numbers below 2e-308.
   */
  flushDenormals?: boolean;
  /**
   * Folder into which ONNX Runtime writes what each node of each program took, `NAME_TIME.json` in the trace format
   * of Chrome, when the program is disposed of.
   */
  profile?: string;
  /** Bytes that a program may take; by default what is available when it is compiled. */
  memory?: number;
};

/**
 * Runs pure jax functions in ONNX Runtime on the CPU. A function is traced for its shapes, lowered
 * to an ONNX graph and compiled to a session, or, where it only works element by element on large
 * float32 arrays, compiled to WebAssembly kernels; placed arrays are tensors in the memory of the host.
 *
 * @throws UsageError for a number of threads that makes no sense; `compile` a MemoryError for a program
 * that needs more than there is; DeviceError where `onnxruntime-node` is not installed or its library does not load.
 */
export async function nativeExecutor({
  threads = availableCores(),
  flushDenormals = false,
  profile,
  memory,
}: NativeExecutorOptions = {}): Promise<Executor> {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new UsageError(
      `${threads} threads: expected a whole number from 1 to ${MOST_THREADS}; by default one for each core`,
    );
  const store = new TensorStore(await loadRuntime());
  const open = new Set<Compiled>();
  return {
    name: "native",
    async compile(f, specs, { name = f.name || "function" } = {}) {
      const start = performance.now();
      const { jaxpr, signature } = trace(f, specs, name);
      try {
        const traceMs = performance.now() - start;
        const program =
          (await fusedProgram(store, jaxpr, signature)) ??
          (await onnxProgram(store, jaxpr, signature, {
            session: sessionOptions(
              threads,
              flushDenormals,
              profile === undefined ? undefined : join(profile, name),
            ),
            memory: memory ?? availableMemory(),
          }));
        const compiled: Compiled = {
          traceMs,
          compileMs: performance.now() - start - traceMs,
          flops: program.flops,
          run: (args, { into } = {}) => program.run(args, into),
          async dispose() {
            if (open.delete(compiled)) await program.dispose();
          },
        };
        open.add(compiled);
        return compiled;
      } finally {
        jaxpr.dispose();
      }
    },
    async place(host) {
      return mapLeaves(host, (leaf) => store.copy(leaf as HostArray));
    },
    async fetch(placed) {
      return mapLeaves(placed, (leaf) => hostOf(leaf as Tensor));
    },
    release(placed) {
      for (const leaf of tree.leaves(placed as never)) store.release(leaf);
    },
    async dispose() {
      await Promise.all([...open].map((compiled) => compiled.dispose()));
    },
  };
}

function hostOf(tensor: Tensor): HostArray {
  return new HostArray((tensor.data as HostData).slice(), tensor.dims, tensor.type as DType);
}

function mapLeaves<A extends object, B extends object>(from: JsTree<A>, f: (leaf: unknown) => B): JsTree<B> {
  return tree.map(f, from as never) as JsTree<B>;
}
