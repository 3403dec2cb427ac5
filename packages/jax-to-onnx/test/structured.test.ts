import { DType, grad, lax, numpy as np, random, valueAndGrad } from "@jax-js/jax";
import { describe, test } from "vitest";
import { expectSame, type Fn, host, spread } from "./compare.js";

const { Float32, Float64, Int32 } = DType;
type A = np.Array;
const fn = (f: (...args: A[]) => unknown): Fn => f as Fn;
const sines = (a: A): A => np.sum(np.sin(a));

describe.each([Float32, Float64])("convolutions, %s", (dtype) => {
  const cases: [string, number[], number[], (x: A, w: A) => A][] = [
    ["valid", [2, 3, 7, 6], [4, 3, 3, 2], (x, w) => lax.convGeneralDilated(x, w, [1, 1], "VALID")],
    ["same", [2, 3, 5, 5], [4, 3, 3, 3], (x, w) => lax.convGeneralDilated(x, w, [1, 1], "SAME")],
    [
      "strided, input left over",
      [2, 3, 8, 7],
      [4, 3, 3, 2],
      (x, w) => lax.convGeneralDilated(x, w, [2, 2], "VALID"),
    ],
    [
      "stride equal to kernel",
      [2, 1, 6, 6],
      [4, 1, 2, 2],
      (x, w) => lax.convGeneralDilated(x, w, [2, 2], "VALID"),
    ],
    [
      "stride greater than kernel",
      [2, 3, 9, 9],
      [4, 3, 2, 2],
      (x, w) => lax.convGeneralDilated(x, w, [3, 3], "VALID"),
    ],
    ["kernel 1", [2, 3, 4, 4], [5, 3, 1, 1], (x, w) => lax.convGeneralDilated(x, w, [1, 1], "VALID")],
    [
      "uneven padding",
      [2, 3, 5, 6],
      [2, 3, 3, 3],
      (x, w) =>
        lax.convGeneralDilated(
          x,
          w,
          [2, 1],
          [
            [1, 2],
            [0, 1],
          ],
        ),
    ],
    [
      "dilated kernel",
      [2, 3, 8, 8],
      [2, 3, 3, 2],
      (x, w) =>
        lax.convGeneralDilated(
          x,
          w,
          [1, 2],
          [
            [1, 1],
            [0, 0],
          ],
          { rhsDilation: [2, 3] },
        ),
    ],
    [
      "dilated input",
      [2, 3, 4, 4],
      [2, 3, 3, 3],
      (x, w) =>
        lax.convGeneralDilated(
          x,
          w,
          [1, 1],
          [
            [2, 2],
            [1, 3],
          ],
          { lhsDilation: [2, 2] },
        ),
    ],
    [
      "transposed",
      [2, 3, 4, 4],
      [3, 5, 3, 3],
      (x, w) => lax.convTranspose(x, w, [2, 2], "VALID", { transposeKernel: true }),
    ],
    [
      "dilated input, strided",
      [2, 3, 5, 5],
      [2, 3, 3, 3],
      (x, w) =>
        lax.convGeneralDilated(
          x,
          w,
          [2, 2],
          [
            [1, 1],
            [1, 1],
          ],
          { lhsDilation: [3, 3] },
        ),
    ],
    [
      "groups",
      [2, 4, 6, 6],
      [6, 2, 3, 3],
      (x, w) => lax.convGeneralDilated(x, w, [1, 1], "SAME", { featureGroupCount: 2 }),
    ],
    ["one dimension", [2, 3, 9], [4, 3, 3], (x, w) => lax.convGeneralDilated(x, w, [2], "VALID")],
  ];
  test.each(cases)("%s", async (_name, xShape, wShape, f) => {
    const args = [spread(xShape, dtype), spread(wShape, dtype, 2)];
    await expectSame(fn(f), args);
    const loss = (x: A, w: A) => sines(f(x, w));
    await expectSame(
      fn((x, w) => valueAndGrad(loss, { argnums: [0, 1] })(x, w)),
      args,
    );
  });
});

describe("windows", () => {
  const x = spread([2, 3, 8, 8], Float64);
  const windows: [string, number[], number[]][] = [
    ["apart", [2, 2], [2, 2]],
    ["overlapping", [3, 3], [1, 1]],
    ["overlapping with stride", [3, 2], [2, 1]],
    ["with gaps", [2, 2], [3, 3]],
    ["long", [7, 7], [1, 1]],
  ];
  test.each(windows)("%s", async (_name, window, strides) => {
    const sums = (a: A) => lax.reduceWindow(a, (b: A) => np.sum(b), [1, 1, ...window], [1, 1, ...strides]);
    const tops = (a: A) => lax.reduceWindow(a, (b: A) => np.max(b), [1, 1, ...window], [1, 1, ...strides]);
    for (const f of [sums, tops]) {
      await expectSame(
        fn((a) => f(a)),
        [x],
      );
      await expectSame(
        fn((a) => grad((b: A) => sines(f(b)))(a)),
        [x],
      );
    }
  });
  test("many windows go through one gather", async () => {
    const line = spread([2, 60], Float64);
    const f = (a: A) => lax.reduceWindow(a, (b: A) => np.sum(b), [1, 20], [1, 1]);
    await expectSame(
      fn((a) => grad((b: A) => sines(f(b)))(a)),
      [line],
    );
    const strided = (a: A) => lax.reduceWindow(a, (b: A) => np.sum(b), [1, 20], [1, 2]);
    await expectSame(
      fn((a) => grad((b: A) => sines(strided(b)))(a)),
      [line],
    );
  });
});

describe("indexing", () => {
  const x = spread([3, 4, 5], Float64);
  const rows = host([2, 0, 2], [3], Int32);
  test("take along each axis, with gradients", async () => {
    for (const axis of [0, 1, 2]) {
      const f = (a: A, i: A) => np.take(a, i, axis);
      await expectSame(fn(f), [x, rows]);
      await expectSame(
        fn((a, i) => grad((b: A) => sines(f(b, i.ref)))(a)),
        [x, rows],
      );
    }
  });
  test("several indices", async () => {
    const f = (a: A, i: A, j: A) => a.slice(i, [], j);
    const args = [x, rows, host([4, 1, 0], [3], Int32)];
    await expectSame(fn(f), args);
    await expectSame(
      fn((a, i, j) => grad((b: A) => sines(f(b, i.ref, j.ref)))(a)),
      args,
    );
    await expectSame(
      fn((a: A, i: A) => a.slice([], i.ref, i)),
      [x, rows],
    );
  });
  test("take along an axis with its own index for each row", async () => {
    const index = host([0, 3, 1, 1, 2, 0], [3, 2], Int32);
    const m = spread([3, 4], Float64);
    const f = (a: A, i: A) => np.takeAlongAxis(a, i, 1);
    await expectSame(fn(f), [m, index]);
    await expectSame(
      fn((a, i) => grad((b: A) => sines(f(b, i.ref)))(a)),
      [m, index],
    );
  });
});

describe("sorting", () => {
  test.each([Float32, Float64, Int32])("%s", async (dtype) => {
    const x = spread([3, 7], dtype);
    await expectSame(
      fn((a) => np.sort(a, 1)),
      [x],
    );
    await expectSame(
      fn((a) => np.sort(a, 0)),
      [x],
    );
    await expectSame(
      fn((a) => np.argsort(a, 1)),
      [x],
    );
    await expectSame(
      fn((a) => np.argsort(a, 0)),
      [x],
    );
  });
  test("gradient", async () => {
    await expectSame(
      fn((a) => grad((b: A) => np.sum(np.sort(b, 1).mul(np.arange(7))))(a)),
      [spread([3, 7], Float64)],
    );
  });
});

describe("bits", () => {
  const u = host([0, 1, 5, 255, 65536, 2147483648, 4294967295], [7], DType.Uint32);
  const i = host([0, 1, -1, 255, -65536, 2147483647, -2147483648], [7], Int32);
  test("shifts, logic, counts", async () => {
    for (const x of [u, i]) {
      await expectSame(
        fn((a) => [a.ref.mul(3), np.bitwiseAnd(a.ref, 77), np.bitwiseXor(a.ref, 77), np.bitwiseOr(a, 77)]),
        [x],
      );
      await expectSame(
        fn((a) => {
          const by = np.array(3, { dtype: x.dtype });
          return [np.leftShift(a.ref, by.ref), np.rightShift(a.ref, by), np.bitwiseCount(a)];
        }),
        [x],
      );
    }
  });
  test("integers read as others and as floats", async () => {
    await expectSame(
      fn((a) => [a.ref.view(Int32), a.view(DType.Uint32)]),
      [u],
    );
    const floats = new Float32Array([1, -1.5, 3.25e10, 1.1e-38, 0, -7e-20]);
    const bits = host([...new Uint32Array(floats.buffer)], [6], DType.Uint32);
    await expectSame(
      fn((a) => a.view(Float32)),
      [bits],
    );
  });
  test("random numbers are the same numbers", async () => {
    const key = host([7, 42], [2], DType.Uint32);
    await expectSame(
      fn((k) => random.bits(k, [5, 3])),
      [key],
    );
    await expectSame(
      fn((k) => random.uniform(k, [100])),
      [key],
    );
    await expectSame(
      fn((k) => random.split(k, 3)),
      [key],
    );
    await expectSame(
      fn((k) => random.normal(k, [64])),
      [key],
      20,
    );
  });
});
