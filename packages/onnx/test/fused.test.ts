import type { HostArray } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { DType, type JsTree, numpy as np, tree } from "@jax-js/jax";
import fc from "fast-check";
import { ortCpu } from "jax-to-onnx";
import { trace } from "jax-to-onnx/internal";
import type { Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import type { Fn } from "../../jax-to-onnx/test/compare.js";
import { Arena } from "../src/fused/arena.js";
import { fusedProgram } from "../src/fused/fused-program.js";
import { type NativeProgram, onnxProgram } from "../src/onnx-program.js";
import { type Engine, nativeEngine, sessionOptions } from "../src/runtime.js";
import { TensorStore } from "../src/tensors.js";
import { host, native, runJax, spread } from "./compare.js";
import { elementwiseCases, runElementwise } from "./elementwise-programs.js";

const F = DType.Float32;
const seed = Number(process.env.FLOWIFY_SEED ?? Date.now() % 2 ** 31);
type A = np.Array;

let engine: Engine;
beforeAll(async () => {
  engine = await nativeEngine();
});

/** A store on a small memory: 16 pages are 1 MiB, half of it scratch. */
const storeOf = (pages = 64): TensorStore => new TensorStore(engine, () => Arena.create([pages]));

const specsOf = (args: readonly HostArray[]): ArraySpec[] =>
  args.map((arg) => new ArraySpec(arg.shape, arg.dtype));

/** The fused program of `f`, however small its arrays. */
async function fuse(
  store: TensorStore,
  f: Fn,
  args: readonly HostArray[],
): Promise<NativeProgram | undefined> {
  const { jaxpr, signature } = trace(f, specsOf(args), "fused");
  try {
    return await fusedProgram(store, jaxpr, signature, 2);
  } finally {
    jaxpr.dispose();
  }
}

async function fused(store: TensorStore, f: Fn, args: readonly HostArray[]): Promise<NativeProgram> {
  const program = await fuse(store, f, args);
  if (program === undefined) throw new Error("the program was not fused");
  return program;
}

async function unfused(store: TensorStore, f: Fn, args: readonly HostArray[]): Promise<NativeProgram> {
  const { jaxpr, signature } = trace(f, specsOf(args), "unfused");
  try {
    const workers = { beside: 0, start: () => [] };
    const session = sessionOptions(1, false);
    const options = { target: ortCpu, session, workers, memory: Number.POSITIVE_INFINITY };
    return await onnxProgram(store, jaxpr, signature, options);
  } finally {
    jaxpr.dispose();
  }
}

const leavesOf = (result: unknown): Tensor[] => tree.leaves(result as never);
const numbersOf = (result: unknown): number[][] => leavesOf(result).map((t) => [...(t.data as Float32Array)]);

/** Equal up to the one rounding that x / y and x · (1/y) differ by, grown along a short program. */
function expectClose(actual: readonly number[][], expected: readonly number[][]): void {
  expect(actual.map((a) => a.length)).toEqual(expected.map((a) => a.length));
  const different = expected.flatMap((values, i) =>
    values.flatMap((value, j) => {
      const got = actual[i]?.[j] as number;
      const close = Object.is(got, value) || Math.abs(got - value) <= 1e-5 * Math.max(1, Math.abs(value));
      return close ? [] : [`result ${i}[${j}]: expected ${value}, got ${got}`];
    }),
  );
  expect(different).toEqual([]);
}

const jaxNumbers = (f: Fn, args: readonly HostArray[]): number[][] =>
  runJax(f, args).map(({ data }) => [...data]);

describe("programs that are elementwise only", () => {
  test("random ones: as jax-js, as ONNX Runtime, in place or not, in the arena or not", async () => {
    const store = storeOf();
    await fc.assert(
      fc.asyncProperty(elementwiseCases, async (program) => {
        const args = program.shapes.map((shape, i) => spread(shape, F, i + 1));
        const f: Fn = (...inputs: A[]) => runElementwise(program, inputs);
        const compiled = await fused(store, f, args);
        const expected = jaxNumbers(f, args);
        expectClose(numbersOf(await compiled.run(args)), expected);
        const session = await unfused(store, f, args);
        expectClose(numbersOf(await session.run(args)), expected);
        await session.dispose();
        const placed = args.map((arg) => store.copy(arg));
        const into = program.into.map((n) => placed[n % placed.length] as Tensor);
        const results = await compiled.run(placed, { into: into as JsTree<object> });
        expectClose(numbersOf(results), expected);
        for (const tensor of [...placed, ...leavesOf(results)]) store.release(tensor);
      }),
      { seed, numRuns: 60 },
    );
  });

  test.each([
    ["one more than a turn of the loop", 17],
    ["more than the scratch space holds", 70_001],
  ])("%s: arrays of the host, placed ones and both", async (_name, n) => {
    const f: Fn = (a: A, b: A, s: A) => [a.ref.mul(s).add(b.ref), np.maximum(a, b)];
    const args = [spread([n], F, 1), spread([n], F, 2), host([0.3], [], F)] as const;
    const expected = jaxNumbers(f, args);
    for (const pages of [9, 64]) {
      const store = storeOf(pages);
      const compiled = await fused(store, f, args);
      const placed = args.map((arg) => store.copy(arg)) as [Tensor, Tensor, Tensor];
      expectClose(numbersOf(await compiled.run(args)), expected);
      expectClose(numbersOf(await compiled.run([placed[0], args[1], placed[2]])), expected);
      const results = await compiled.run(placed, { into: [placed[1], placed[0]] as JsTree<object> });
      expect(leavesOf(results)).toEqual([placed[1], placed[0]]);
      expectClose(numbersOf(results), expected);
    }
  });

  test("min and max give NaN for NaN; comparisons with it fail; −0 is kept", async () => {
    const f: Fn = (a: A, b: A) => [
      np.minimum(a.ref, b.ref),
      np.maximum(a.ref, b.ref),
      np.where(np.less(a.ref, b.ref), 1, 2),
      np.where(np.notEqual(a.ref, b.ref), 1, 2),
      np.where(np.lessEqual(a.ref, b), 1, 2),
      a.neg(),
    ];
    const args = [host([NaN, 1, 0, Infinity, 3], [5], F), host([1, NaN, 2, -Infinity, 3], [5], F)];
    const compiled = await fused(storeOf(), f, args);
    expect(numbersOf(await compiled.run(args))).toEqual([
      [NaN, NaN, 0, -Infinity, 3],
      [NaN, NaN, 2, Infinity, 3],
      [2, 2, 1, 2, 2],
      [1, 1, 1, 1, 2],
      [2, 2, 1, 2, 1],
      [NaN, -1, -0, -Infinity, -3],
    ]);
  });

  test("an argument of another group is never overwritten", async () => {
    const store = storeOf();
    const f: Fn = (a: A, b: A) => [a.add(1), b.mul(2)];
    const args = [host([1, 2, 3], [3], F), host([4, 5, 6], [3], F)];
    const compiled = await fused(store, f, args);
    const [a, b] = args.map((arg) => store.copy(arg)) as [Tensor, Tensor];
    const crossed = await compiled.run([a, b], { into: [b, a] as JsTree<object> });
    expect(numbersOf(crossed)).toEqual([
      [2, 3, 4],
      [8, 10, 12],
    ]);
    expect(numbersOf([a, b])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const twice = await compiled.run([a, a], { into: [a, b] as JsTree<object> });
    expect(numbersOf(twice)).toEqual([
      [2, 3, 4],
      [2, 4, 6],
    ]);
    expect(leavesOf(twice)[0]).not.toBe(a);
  });

  test("others are left to ONNX Runtime", async () => {
    const square = spread([3, 3], F);
    const others: [Fn, HostArray[]][] = [
      [(a: A) => np.transpose(a), [square]],
      [(a: A) => np.sum(a, 0), [square]],
      [(a: A) => np.exp(a), [square]],
      [(a: A, b: A) => a.add(b), [square, spread([3], F)]],
      [(a: A) => a.add(np.array([1, 2, 3])), [square]],
      [(a: A) => np.less(a, 0), [square]],
      [(a: A) => a.add(1), [spread([3], DType.Int32)]],
      [(a: A) => a.add(1), [spread([3], DType.Float64)]],
    ];
    for (const [f, args] of others) expect(await fuse(storeOf(), f, args)).toBeUndefined();
  });
});

describe("the native executor", () => {
  test("works in place on large arrays, and gives them to ONNX Runtime", async () => {
    const executor = await native();
    const [n, m] = [64, 128];
    const adam = ({ p, m: first }: { p: A; m: A }, gradient: A): { p: A; m: A } => {
      const next = first.mul(0.5).add(gradient);
      return { p: p.sub(next.ref.mul(0.25)), m: next };
    };
    const [a, b] = [spread([n, m], F, 1), spread([n, m], F, 2)];
    const [spec] = specsOf([a]) as [ArraySpec];
    const update = await executor.compile(adam, [{ p: spec, m: spec }, spec], { name: "adam" });
    const norm = await executor.compile((x: A) => np.sum(x), [spec], { name: "norm" });
    const state = await executor.place({ p: a, m: b });
    for (let i = 0; i < 3; i++) {
      const next = await update.run([state, b], { into: state });
      expect(next.p).toBe(state.p);
      expect(next.m).toBe(state.m);
    }
    // m: b(1.5, 1.75, 1.875), p: a − the sum of these / 4
    const { p } = await executor.fetch<{ p: HostArray }>(state);
    expectClose([[...p.data]], [[...a.data].map((x, i) => x - (b.data[i] as number) * (5.125 / 4))]);
    const total = await executor.fetch<HostArray>(await norm.run([state.p]));
    expect(total.data[0]).toBeCloseTo(
      [...p.data].reduce((x, y) => x + y, 0),
      2,
    );
    executor.release(state);
    await Promise.all([update.dispose(), norm.dispose()]);
  });
});
