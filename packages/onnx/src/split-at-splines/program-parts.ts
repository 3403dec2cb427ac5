import type { DType } from "@jax-js/jax";
import type { Target } from "jax-to-onnx";
import { type LoweredGraph, sizeOf, type TensorInfo } from "jax-to-onnx/internal";
import type { InferenceSession } from "onnxruntime-node";
import { roundUp } from "../fused/arena.js";
import { tableData } from "../fused/lookup.js";
import { type WasmFunction, wasmModule } from "../fused/wasm.js";
import type { Engine } from "../runtime.js";
import { typedArrays } from "../typed-arrays.js";
import { fixedIn, fixedNumbers } from "./fixed.js";
import { findSplines, type Splines } from "./splines.js";
import { type Stages, splitAt } from "./split.js";

/** An array in the shared memory of the stages. */
type Place = Readonly<{
  name: string;
  dtype: DType;
  shape: readonly number[];
  offset: number;
  length: number;
}>;

/** A call of a kernel: its name in the module, and its parameters. */
type Call = Readonly<{ kernel: string; parameters: readonly number[] }>;

/** The data for opening a program in any thread. */
export type ProgramParts = Readonly<{
  /** An ONNX file (undefined if ONNX Runtime has no work), its inputs and outputs, and the kernels after it. */
  stages: readonly Readonly<{
    file: Uint8Array | undefined;
    inputs: readonly string[];
    outputs: readonly string[];
    calls: readonly Call[];
  }>[];
  /** Values passed between stages in a memory of `bytes`, and the tables of kernels in it. */
  between: readonly Place[];
  tables: readonly Readonly<{ offset: number; data: Float32Array }>[];
  bytes: number;
  /** The kernels. */
  module: WebAssembly.Module | undefined;
}>;

/** Splines with the numbers of their tables in the layout of kernels. */
type Filled = Splines & Readonly<{ data: Float32Array }>;

/**
 * The parts of a program: one session, or several if it contains splines with fixed tables and kernels may compute
 * between sessions.
 */
export async function programParts(
  engine: Engine,
  graph: LoweredGraph,
  options: InferenceSession.SessionOptions,
  { splines: { mostThreads, mostBytes } }: Target,
): Promise<ProgramParts> {
  const isFixed = fixedIn(graph);
  const onCpu = options.executionProviders === undefined && (options.intraOpNumThreads ?? 1) <= mostThreads;
  const found = engine.kernels && onCpu ? findSplines(graph, isFixed) : [];
  const splines = found.length > 0 ? await filled(engine, graph, found, options) : [];
  if (splines.length > 0) {
    const stages = splitAt(graph, splines, isFixed);
    const kernels = distinct(splines);
    const code = wasmModule([...kernels.values()].map(({ kernel }) => kernel));
    const parts = layout(engine, stages, splines, kernels);
    if (stages.between.every(isPlain) && parts.bytes <= mostBytes && WebAssembly.validate(code))
      return { ...parts, module: await WebAssembly.compile(code) };
  }
  const stages = [{ graph, splines: [] }];
  return { ...layout(engine, { stages, between: [] }, [], new Map()), module: undefined };
}

/** Splines with tables that kernels can use: consecutive intervals from −∞ to ∞. */
async function filled(
  engine: Engine,
  graph: LoweredGraph,
  found: readonly Splines[],
  options: InferenceSession.SessionOptions,
): Promise<Filled[]> {
  const names = found.flatMap(({ table, from, to }) => [table, from, to]);
  const numbers = await fixedNumbers(engine, graph, names, options);
  return found.flatMap((splines) => {
    const data = readTable(splines, numbers);
    return data ? [{ ...splines, data }] : [];
  });
}

function readTable(
  { table, from, to }: Splines,
  numbers: ReadonlyMap<string, ArrayLike<number>>,
): Float32Array | undefined {
  const read = (name: string): number[] => Array.from(numbers.get(name) ?? []);
  const [values, begins, ends] = [read(table), read(from), read(to)];
  const last = ends.pop();
  const inOrder = ends.every((end, i) => end === begins[i + 1] && end >= (ends[i - 1] ?? end));
  if (!inOrder || begins[0] !== Number.NEGATIVE_INFINITY || last !== Number.POSITIVE_INFINITY)
    return undefined;
  const intervals = begins.length;
  const rows = begins.map((_, k) => values.filter((_, i) => i % intervals === k));
  return tableData(ends, rows);
}

/** Distinct kernels by their code, and their names in a module. */
function distinct(splines: readonly Filled[]): Map<string, { kernel: WasmFunction; name: string }> {
  const kernels = new Map<string, { kernel: WasmFunction; name: string }>();
  for (const { kernel } of splines) {
    const key = kernel.body.join();
    if (!kernels.has(key)) kernels.set(key, { kernel, name: String(kernels.size) });
  }
  return kernels;
}

const isPlain = ({ type }: TensorInfo): boolean => type in typedArrays;

/** Assigns memory, files and calls. */
function layout(
  engine: Engine,
  { stages, between }: Stages,
  splines: readonly Filled[],
  kernels: ReturnType<typeof distinct>,
): Omit<ProgramParts, "module"> {
  let bytes = 0;
  const reserve = (length: number): number => {
    const offset = bytes;
    bytes += roundUp(length);
    return offset;
  };
  const places = between.map(({ name, type, shape }): Place => {
    const dtype = type as DType;
    const sizes = shape as readonly number[];
    const length = sizeOf(sizes);
    return {
      name,
      dtype,
      shape: sizes,
      length,
      offset: reserve(length * typedArrays[dtype as "float32"].BYTES_PER_ELEMENT),
    };
  });
  const offsetOf = new Map(places.map(({ name, offset }) => [name, offset]));
  const tables = new Map(
    splines.map((c) => [c as Splines, { offset: reserve(c.data.byteLength), data: c.data }]),
  );
  const call = (c: Splines): Call => ({
    kernel: kernels.get(c.kernel.body.join())?.name as string,
    parameters: [
      roundUp(4 * c.size),
      ...[c.x, ...c.results].map((name) => offsetOf.get(name) as number),
      tables.get(c)?.offset as number,
    ],
  });
  return {
    stages: stages.map(({ graph, splines: after }) => ({
      file: graph.outputs.length === 0 ? undefined : engine.toBytes(graph),
      inputs: graph.inputs.map(({ name }) => name),
      outputs: graph.outputs.map(({ name }) => name),
      calls: after.map(call),
    })),
    between: places,
    tables: [...tables.values()],
    bytes,
  };
}
