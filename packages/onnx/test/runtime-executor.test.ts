import type { Executor } from "@flowify/core";
import { HostArray, ShapeError } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { DType, numpy as np, valueAndGrad } from "@jax-js/jax";
import { leafPaths } from "jax-to-onnx/internal";
import { beforeAll, describe, expect, test } from "vitest";
import { nativeExecutor, wasmExecutor } from "../src/index.js";
import { host, native, spread, wasm } from "./compare.js";

const F = DType.Float32;
type A = np.Array;
type Params = { w: A; layers: [{ b: A }] };

const specs = [
  { w: new ArraySpec([2, 3], F), layers: [{ b: new ArraySpec([3], F) }] },
  new ArraySpec([4, 2], F),
];
const args = () => [{ w: spread([2, 3], F), layers: [{ b: spread([3], F, 2) }] }, spread([4, 2], F, 3)];
const affine = ({ w, layers: [{ b }] }: Params, x: A): { y: A } => ({ y: np.matmul(x, w).add(b) });

describe.each([
  ["native", native],
  ["Wasm", wasm],
])("the %s executor", (_, open) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await open();
  });

  test("runs a function of trees and returns its tree", async () => {
    const compiled = await executor.compile(affine, specs, { name: "affine" });
    const { y } = await executor.fetch<{ y: HostArray }>(await compiled.run(args()));
    expect(y).toBeInstanceOf(HostArray);
    expect([y.shape, y.dtype]).toEqual([[4, 3], F]);
    expect(compiled.traceMs).toBeGreaterThan(0);
    expect(compiled.compileMs).toBeGreaterThan(0);
    await compiled.dispose();
  });

  test("builds a first argument in that is the same in every call", async () => {
    const twice = (w: A, x: A): A => np.matmul(np.matmul(x, w.ref).mul(3), np.transpose(w));
    const specsOfTwice = [new ArraySpec([2, 3], F), new ArraySpec([4, 2], F)];
    const [w, x] = [spread([2, 3], F), spread([4, 2], F, 3)];
    const plain = await executor.compile(twice, specsOfTwice);
    const built = await executor.compile(twice, specsOfTwice, { constant: w });
    const results: [object, object] = [await plain.run([w, x]), await built.run([spread([2, 3], F, 9), x])];
    const [expected, found] = await executor.fetch<[HostArray, HostArray]>(results);
    found.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i] as number, 5));
    await plain.dispose();
    await built.dispose();
  });

  test("writes into an earlier result: two of them are enough for a loop", async () => {
    const next = (x: A): A => x.mul(2);
    const compiled = await executor.compile(next, [new ArraySpec([3], F)]);
    let current = await executor.place(host([1, 2, 3], [3], F));
    let spare: typeof current | undefined;
    const seen = new Set<unknown>();
    for (let i = 0; i < 6; i++) {
      const result = await compiled.run([current], spare === undefined ? {} : { into: spare });
      spare = current;
      current = result;
      seen.add(result);
    }
    expect(await executor.fetch<HostArray>(current)).toMatchObject({
      data: Float32Array.of(64, 128, 192),
    });
    expect(seen.size).toBe(2);
    await compiled.dispose();
  });

  test("never writes into an array that the same call reads", async () => {
    const compiled = await executor.compile((x: A) => x.add(1), [new ArraySpec([2], F)]);
    const x = await executor.place(host([1, 2], [2], F));
    await compiled.run([x], { into: x });
    expect(await executor.fetch<HostArray>(x)).toMatchObject({ data: Float32Array.of(1, 2) });
    await compiled.dispose();
  });

  test("placing and fetching copy", async () => {
    const array = host([1, 2], [2], F);
    const placed = await executor.place(array);
    array.data[0] = 9;
    const fetched = await executor.fetch<HostArray>(placed);
    fetched.data[1] = 9;
    expect(await executor.fetch<HostArray>(placed)).toMatchObject({ data: Float32Array.of(1, 2) });
  });

  test("shows arrays where they lie: what a run writes there is seen", async () => {
    const next = await executor.compile((x: A): A => x.mul(2), [new ArraySpec([2], F)]);
    const first = await next.run([host([1, 2], [2], F)]);
    const shown = executor.peek?.(first) as HostArray;
    expect(shown).toMatchObject({ data: Float32Array.of(2, 4), shape: [2], dtype: F });
    await next.run([host([5, 6], [2], F)], { into: first });
    expect(shown.data).toEqual(Float32Array.of(10, 12));
    await next.dispose();
  });

  test("names the argument that does not fit, and both shapes", async () => {
    const compiled = await executor.compile(affine, specs, { name: "affine" });
    const [params] = args();
    await expect(compiled.run([params as never, spread([4, 3], F)])).rejects.toThrow(
      "affine: expected arg1 float32 [4, 2], got float32 [4, 3]",
    );
    await expect(compiled.run([params as never])).rejects.toThrow(ShapeError);
    await compiled.dispose();
  });

  test("gives back what tracing made", async () => {
    const constant = np.array([1.5, 2.5, 3.5]);
    const before = constant.refCount;
    const loss = (x: A): A => np.sum(np.sin(x.mul(constant.ref)));
    const f = (x: A) => valueAndGrad(loss)(x);
    const compiled = await executor.compile(f, [new ArraySpec([3], F)]);
    await compiled.run([spread([3], F)]);
    await compiled.dispose();
    expect(constant.refCount).toBe(before);
    await expect(
      executor.compile(
        (x: A) => np.linalg.eigvalsh(x.mul(constant.ref.reshape([3, 1]))),
        [new ArraySpec([3, 3], F)],
      ),
    ).rejects.toThrow(expect.objectContaining({ code: "UNSUPPORTED_OP", op: "jacobi_eigh" }));
    expect(constant.refCount).toBe(before);
    constant.dispose();
  });

  test("a function of nothing that returns constants", async () => {
    const compiled = await executor.compile(() => ({ a: np.zeros([2]), b: np.arange(3) }), []);
    const { a, b } = await executor.fetch<{ a: HostArray; b: HostArray }>(await compiled.run([]));
    expect([...a.data, ...b.data]).toEqual([0, 0, 0, 1, 2]);
    await compiled.dispose();
  });
});

test.each([0, -1, 1.5, 1_000_000])("both refuse %d threads", async (threads) => {
  for (const open of [nativeExecutor, wasmExecutor])
    await expect(open({ threads })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("threads: expected a whole number from 1 to 256"),
    });
});

test("the Wasm executor leaves jax-js as it was: no Worker in the global scope", async () => {
  await wasm();
  expect(globalThis).not.toHaveProperty("Worker");
  expect(np.sum(np.ones([5])).item()).toBe(5);
});

test("leaves are named by their paths", () => {
  expect(leafPaths({ params: [{ w: new HostArray(new Float32Array(1), [], F) }], empty: {} }, "")).toEqual([
    "params.0.w",
  ]);
});
