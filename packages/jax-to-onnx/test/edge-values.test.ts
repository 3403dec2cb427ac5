/**
 * The ends of the types, NaN and Infinity: ONNX Runtime gives what jax-js gives. Its WebAssembly is the judge where it
 * has an answer; it stops at an integer divided by 0, for which its plain JavaScript gives 0.
 */
import { DType, grad, lax, numpy as np } from "@jax-js/jax";
import { describe, it } from "vitest";
import { expectSame, type Fn, host } from "./compare.js";

type A = np.Array;
const { Float32, Float64, Int32, Uint32, Bool } = DType;
const fn = (f: (...args: A[]) => unknown): Fn => f as Fn;

const [most, least, mostUnsigned] = [2147483647, -2147483648, 4294967295];
const reals = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  3e10,
  -3e10,
  1.7,
  -1.7,
  -0.5,
  0,
  -0,
  2147483520,
  2147483648,
  least,
  -2147483904,
  4294967040,
  4294967296,
  1e-30,
];
const values = {
  [Float32]: reals,
  [Float64]: [...reals, 2147483647.5, -2147483648.5, 4294967295.5, most, mostUnsigned, 1e300],
  [Int32]: [most, least, least + 1, -1, 0, 1, 7, -7, 2, 16777217],
  [Uint32]: [0, 1, most, most + 1, mostUnsigned, 7, 2, 16777217],
  [Bool]: [0, 1],
} as const satisfies Partial<Record<DType, readonly number[]>>;
type Known = keyof typeof values;
const types = Object.keys(values) as Known[];
const integers = [Int32, Uint32] as const;

const all = (dtype: Known) => host(values[dtype], [values[dtype].length], dtype);

/** Every value beside every other one. */
function pairs(dtype: Known) {
  const each: readonly number[] = values[dtype];
  const size = each.length ** 2;
  const left = host(
    each.flatMap((a) => each.map(() => a)),
    [size],
    dtype,
  );
  return [left, host(Array(each.length).fill(each).flat(), [size], dtype)];
}

/** Results of one program from the same array, each made from a reference of its own. */
const several =
  <T>(examples: readonly T[], make: (a: A, example: T) => A): Fn =>
  (a) => {
    const results = examples.map((example) => make(a.ref, example));
    a.dispose();
    return results;
  };

describe("casts", () => {
  it.each(types)("of %s to all types", async (from) => {
    await expectSame(
      several(types, (a, to) => a.astype(to)),
      [all(from)],
      1,
      { judge: "wasm" },
    );
  });

  it.each([Float32, Float64, Int32, Uint32] as const)(
    "of numbers written into a program, %s",
    async (from) => {
      const numbers: readonly number[] = values[from];
      // A traced number has the digits of float32.
      const traced = numbers.filter((n) => from === Float64 || Number.isNaN(n) || Math.fround(n) === n);
      const casts = traced.flatMap((n) => types.map((to) => [n, to] as const));
      const f = several(casts, (a, [n, to]) => {
        a.dispose();
        return np.full([2], n, { dtype: from }).astype(to);
      });
      await expectSame(f, [host([0], [1], Float32)], 1, { judge: "wasm" });
    },
  );
});

describe("integers", () => {
  it.each(integers)("every pair, %s", async (dtype) => {
    const operations = [
      np.add,
      np.subtract,
      np.multiply,
      np.maximum,
      np.minimum,
      np.less,
      np.lessEqual,
      np.equal,
    ];
    const f = fn((a, b) => {
      const results = operations.map((op) => op(a.ref, b.ref));
      a.dispose();
      b.dispose();
      return results;
    });
    await expectSame(f, pairs(dtype), 1, { judge: "wasm" });
  });

  it.each(integers)("every pair divided, 0 and −1 among the divisors, %s", async (dtype) => {
    await expectSame(
      fn((a, b) => [a.ref.div(b.ref), a.mod(b)]),
      pairs(dtype),
    );
  });

  it.each(integers)("divided by a number of the program, %s", async (dtype) => {
    const divisors = values[dtype].filter((n) => Math.fround(n) === n);
    await expectSame(
      several([...divisors, ...divisors], (a, n) => {
        const by = np.full([values[dtype].length], n, { dtype });
        return divisors.indexOf(n) % 2 === 0 ? a.div(by) : a.mod(by);
      }),
      [all(dtype)],
    );
    await expectSame(
      several(divisors, (a, n) => {
        a.dispose();
        const [x, by] = [least, n].map((value) => np.full([2], value, { dtype })) as [A, A];
        return np.concatenate([x.ref.div(by.ref), x.mod(by)]);
      }),
      [host([0], [1], Float32)],
    );
  });

  it.each(integers)("beside numbers of the program, %s", async (dtype) => {
    const numbers = [most + 1, least, -2147483904, 4294967296, -1, 3e10, -3e10, 1.5, -1.5, 0, 1];
    for (const op of [np.minimum, np.maximum, np.add, np.multiply, np.less, np.equal] as const)
      await expectSame(
        several([...numbers, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], (a, n) =>
          op(a, n),
        ),
        [all(dtype)],
        1,
        { judge: "wasm" },
      );
    // 2³¹ − 1 is traced as 2³¹, which int32 takes for its end.
    if (dtype === Int32)
      await expectSame(
        fn((a) => np.minimum(a, most)),
        [all(dtype)],
        1,
        { judge: "wasm" },
      );
  });

  it.each(integers)("the largest, the smallest and the order of all, %s", async (dtype) => {
    await expectSame(
      fn((a) => [np.max(a.ref), np.min(a.ref), np.sort(a.ref), np.argsort(a)]),
      [all(dtype)],
      1,
      { judge: "wasm" },
    );
  });

  it("shifts by the last five bits of a number", async () => {
    const x = host([1, 7, most, mostUnsigned], [4], Uint32);
    const by = host([31, 32, 64, 33], [4], Uint32);
    await expectSame(
      fn((a, b) => [np.leftShift(a.ref, b.ref), np.rightShift(a, b)]),
      [x, by],
      1,
      { judge: "wasm" },
    );
  });
});

describe.each([Float32, Float64])("order, %s", (dtype) => {
  const some = host([...reals, Number.NaN, Number.POSITIVE_INFINITY, 2, 2], [3, 7], dtype);

  it("has NaN last, and leaves equal values as they were", async () => {
    for (const axis of [0, 1])
      await expectSame(
        fn((a) => [np.sort(a.ref, axis), np.argsort(a, axis)]),
        [some],
        1,
        { judge: "wasm" },
      );
  });

  it("has NaN among the largest", async () => {
    for (const k of [1, 3, 7])
      await expectSame(
        fn((a) => lax.topK(a, k)),
        [some],
        1,
        { judge: "wasm" },
      );
  });
});

describe.each([Float32, Float64])("cumulative sums, %s", (dtype) => {
  const holes = host(
    Array.from({ length: 60 }, (_, i) =>
      i === 17
        ? Number.NaN
        : i === 32
          ? Number.POSITIVE_INFINITY
          : i === 56
            ? Number.NEGATIVE_INFINITY
            : i / 8,
    ),
    [3, 4, 5],
    dtype,
  );

  it.each([0, 1, 2])(
    "over axis %i: what is not finite goes forward only, in the gradient backward",
    async (axis) => {
      await expectSame(
        fn((a) => np.cumsum(a, axis)),
        [holes],
      );
      await expectSame(
        fn((a, b) => grad((x: A) => np.sum(np.cumsum(x, axis).mul(b)))(a)),
        [host(Array(60).fill(1), [3, 4, 5], dtype), holes],
      );
    },
  );

  it("of more than one block", async () => {
    const long = host(
      Array.from({ length: 1200 }, (_, i) => (i === 700 ? Number.NaN : (i % 7) / 8)),
      [2, 600],
      dtype,
    );
    await expectSame(
      fn((a) => np.cumsum(a, 1)),
      [long],
      1,
      { judge: "wasm" },
    );
  });

  it.each([-2, -1, 0, 1])("by any mask, diagonal %i", async (k) => {
    for (const axis of [1, 2])
      for (const from of [
        np.tri(5, 5, k, { dtype: Bool }),
        np.logicalNot(np.tri(5, 5, k, { dtype: Bool })),
      ]) {
        const mask = await from.data();
        await expectSame(
          fn((a) => {
            const wide = np.broadcastTo(np.expandDims(a, 3 - axis), [4, 5, 5]);
            const taken = np.array([...mask].map(Boolean)).reshape([5, 5]);
            return np.sum(np.where(taken, wide, 0), axis);
          }),
          [host([...holes.data].slice(0, 20), [4, 5], dtype)],
        );
      }
  });
});
