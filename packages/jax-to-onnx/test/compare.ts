import { type DType, defaultDevice, init, type JsTree, makeJaxpr, numpy as np, tree } from "@jax-js/jax";
import { expect } from "vitest";
import { type LoweredGraph, lower } from "../src/lower.js";
import { typedArrays } from "../src/model.js";
import { HostArray } from "./host-array.js";
import { runLowered } from "./run-lowered.js";

// jax-js asks for this name when it is given float64 data, and Node 20 lacks it.
const scope = globalThis as { Float16Array?: unknown };
scope.Float16Array ??= class {};

export type Fn = (...args: np.Array[]) => JsTree<np.Array>;

/** A host array from numbers. */
export function host(values: readonly number[], shape: readonly number[], dtype: DType): HostArray {
  return new HostArray(typedArrays[dtype as keyof typeof typedArrays].from(values), shape, dtype);
}

/** Evenly spread, irregular numbers in (−1, 1) from a counter: no two runs differ. */
export function spread(shape: readonly number[], dtype: DType, seed = 1): HostArray {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: size }, (_, i) => 2 * ((seed * 0.37 + (i + 1) * 0.6180339887) % 1) - 1);
  return host(dtype.startsWith("float") ? values : values.map((v) => Math.round(v * 5)), shape, dtype);
}

/** The graph of `f` of one argument and of others, some of which are the same in every run, by number. */
export function lowerFixed(
  f: Fn,
  shapes: readonly (readonly number[])[],
  { fixed, rotations = [] }: { fixed: readonly number[]; rotations?: readonly number[] },
): LoweredGraph {
  const zeros = shapes.map((shape) => np.zeros([...shape]));
  const { jaxpr } = makeJaxpr(f as () => np.Array)(...(zeros as []));
  const inputNames = shapes.map((_, i) => `x${i}`);
  const named = (numbers: readonly number[]) => new Set(numbers.map((i) => `x${i}`));
  const graph = lower(jaxpr, { inputNames, fixed: named(fixed), rotations: named(rotations) });
  jaxpr.dispose();
  for (const zero of zeros) zero.dispose();
  return graph;
}

/** Back ends of jax-js that compute here: plain JavaScript and WebAssembly. */
type Judge = "cpu" | "wasm";

/** Results of `f` by jax-js, eager. */
export function runJax(f: Fn, args: readonly HostArray[], judge: Judge = "cpu"): HostArray[] {
  const before = defaultDevice();
  defaultDevice(judge);
  try {
    const out = f(...args.map(toJax));
    return (tree.leaves(out as never) as unknown as np.Array[]).map(
      (leaf) => new HostArray(leaf.ref.dataSync() as never, leaf.shape, leaf.dtype),
    );
  } finally {
    defaultDevice(before);
  }
}

function toJax({ data, shape, dtype }: HostArray): np.Array {
  if (data.length === 0) return np.zeros([...shape], { dtype });
  if (dtype === "bool") return np.array([...data].map(Boolean)).reshape([...shape]);
  return np.array(data as Float32Array<ArrayBuffer>, { dtype, shape: [...shape] });
}

/** Largest difference allowed, relative to the size of the numbers: sums are ordered differently. */
const tolerance: Partial<Record<DType, number>> = { float32: 2e-5, float64: 1e-11 };

/** Expects ONNX Runtime and jax-js to agree on `f`. */
export async function expectSame(
  f: Fn,
  args: readonly HostArray[],
  scale = 1,
  { judge = "cpu", itemwise = false }: { judge?: Judge; itemwise?: boolean } = {},
): Promise<void> {
  if (judge === "wasm") await init("wasm");
  const expected = runJax(f, args, judge);
  const { results: actual } = await runLowered({ name: "same", f, inputs: args, itemwise });
  expect(actual.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    expected.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  expected.forEach((want, i) => {
    const got = actual[i] as HostArray;
    const limit = (tolerance[want.dtype] ?? 0) * scale;
    let size = 1;
    for (const value of want.data)
      if (Number.isFinite(Number(value))) size = Math.max(size, Math.abs(Number(value)));
    want.data.forEach((value, j) => {
      const [a, b] = [Number(value), Number(got.data[j])];
      const same = Object.is(a, b) || a === b || Math.abs(a - b) <= limit * size;
      if (!same) expect.fail(`result ${i}[${j}]: jax ${a}, ONNX ${b} (largest ${size})`);
    });
  });
}
