import {
  type ArraySpec,
  type Compiled,
  DeviceError,
  type Executor,
  HostArray,
  type HostData,
  type PlacedArray,
  ShapeError,
} from "@flowify/core";
import { type DType, type JsTree, makeJaxpr, type numpy as np, tree } from "@jax-js/jax";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { countFlops } from "./flops.js";
import { lower } from "./lower/lower.js";
import { toBytes } from "./lower/model.js";
import { leafPaths } from "./paths.js";
import { availableCores, loadRuntime, type Runtime, sessionOptions } from "./runtime.js";

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

/** What the compiled program expects, or returns, at one leaf. */
type Slot = Readonly<{ name: string; shape: readonly number[]; dtype: DType }>;

/**
 * Runs pure jax functions in ONNX Runtime on the CPU. A function is traced for its shapes, lowered
 * to an ONNX graph and compiled to a session; placed arrays are tensors in the memory of the host.
 *
 * @throws DeviceError where `onnxruntime-node` is not installed or its library does not load.
 */
export async function nativeExecutor({
  threads = availableCores(),
  flushDenormals = false,
}: NativeExecutorOptions = {}): Promise<Executor> {
  const runtime = await loadRuntime();
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
        const model = lower(traced.jaxpr, { name, inputNames: inputs.map((slot) => slot.name), outputNames });
        const traceMs = performance.now() - start;
        const session = await createSession(
          runtime,
          toBytes(model),
          sessionOptions(threads, flushDenormals),
          name,
        );
        const compileMs = performance.now() - start - traceMs;
        const flops = countFlops(traced.jaxpr.jaxpr);
        const used = new Set(model.inputs.map((input) => input.name));
        const compiled: Compiled = {
          traceMs,
          compileMs,
          flops,
          run: (args, { into } = {}) =>
            run(runtime, session, { name, inputs, used, outputs, structure }, args, into),
          async dispose() {
            if (open.delete(compiled)) await session.release();
          },
        };
        open.add(compiled);
        return compiled;
      } finally {
        traced.jaxpr.dispose();
      }
    },
    async place(host) {
      return mapLeaves(host, (leaf) => tensorOf(runtime, copyOf(leaf as HostArray)));
    },
    async fetch(placed) {
      return mapLeaves(placed, (leaf) => hostOf(leaf as Tensor));
    },
    release(placed) {
      for (const leaf of tree.leaves(placed as never)) (leaf as Tensor).dispose();
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

async function createSession(
  runtime: Runtime,
  bytes: Uint8Array,
  options: InferenceSession.SessionOptions,
  name: string,
): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(bytes, options);
  } catch (cause) {
    throw new DeviceError(`${name}: ONNX Runtime rejected the graph: ${String(cause)}`, { cause });
  }
}

type Program = Readonly<{
  name: string;
  inputs: readonly Slot[];
  used: ReadonlySet<string>;
  outputs: readonly Slot[];
  structure: Parameters<typeof tree.unflatten>[0];
}>;

async function run(
  runtime: Runtime,
  session: InferenceSession,
  program: Program,
  args: readonly JsTree<PlacedArray | HostArray>[],
  into: JsTree<PlacedArray> | undefined,
): Promise<JsTree<PlacedArray>> {
  const leaves = args.flatMap((arg) => tree.leaves(arg as never)) as (Tensor | HostArray)[];
  if (leaves.length !== program.inputs.length) {
    throw new ShapeError(`${program.name}: expected ${program.inputs.length} arrays, got ${leaves.length}`);
  }
  const feeds: Record<string, Tensor> = {};
  program.inputs.forEach((slot, i) => {
    const tensor = checked(runtime, program, slot, leaves[i] as Tensor | HostArray);
    if (program.used.has(slot.name)) feeds[slot.name] = tensor;
  });
  const given = new Set(Object.values(feeds));
  const reuse = into === undefined ? [] : (tree.leaves(into as never) as Tensor[]);
  const results = program.outputs.map((slot, i) => {
    const old = reuse[i];
    if (old === undefined || given.has(old) || !holds(old, slot)) return tensorOf(runtime, emptyOf(slot));
    // A buffer that is read in this call, or written already, cannot be written in it.
    given.add(old);
    return old;
  });
  const fetches = Object.fromEntries(program.outputs.map((slot, i) => [slot.name, results[i] as Tensor]));
  if (results.length > 0) {
    try {
      await session.run(feeds, fetches);
    } catch (cause) {
      throw new DeviceError(`${program.name}: ONNX Runtime failed: ${String(cause)}`, { cause });
    }
  }
  return tree.unflatten<PlacedArray>(program.structure, results);
}

function checked(runtime: Runtime, program: Program, slot: Slot, leaf: Tensor | HostArray): Tensor {
  const tensor = leaf instanceof HostArray ? tensorOf(runtime, leaf) : leaf;
  if (tensor.type !== slot.dtype || !sameShape(tensor.dims, slot.shape)) {
    throw new ShapeError(
      `${program.name}: expected ${slot.name} ${slot.dtype} [${slot.shape.join(", ")}], got ${tensor.type} [${tensor.dims.join(", ")}]`,
    );
  }
  return tensor;
}

/** True where a tensor that was not given back can take this output. */
const holds = (tensor: Tensor, slot: Slot): boolean =>
  tensor.location === "cpu" && tensor.type === slot.dtype && sameShape(tensor.dims, slot.shape);

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

function emptyOf({ shape, dtype }: Slot): HostArray {
  const TypedArray = constructors[dtype as keyof typeof constructors];
  return new HostArray(new TypedArray(shape.reduce((a, b) => a * b, 1)), shape, dtype);
}

/** A tensor on the memory of the array, not a copy. */
function tensorOf(runtime: Runtime, { data, shape, dtype }: HostArray): Tensor {
  return new runtime.Tensor(dtype as "float32", data as Float32Array, shape);
}

const copyOf = ({ data, shape, dtype }: HostArray): HostArray => new HostArray(data.slice(), shape, dtype);

function hostOf(tensor: Tensor): HostArray {
  return new HostArray((tensor.data as HostData).slice(), tensor.dims, tensor.type as DType);
}

function mapLeaves<A extends object, B extends object>(from: JsTree<A>, f: (leaf: unknown) => B): JsTree<B> {
  return tree.map(f, from as never) as JsTree<B>;
}
