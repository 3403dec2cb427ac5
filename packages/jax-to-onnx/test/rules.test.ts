import { DType, grad, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { describe, test } from "vitest";
import { expectSame, type Fn, host, spread } from "./compare.js";

const { Float32, Float64, Int32, Uint32, Bool } = DType;
type A = np.Array;
const fn = (f: (...args: A[]) => unknown): Fn => f as Fn;
const floats = [Float32, Float64];

describe.each(floats)("element by element, %s", (dtype) => {
  const x = spread([3, 4], dtype);
  const y = spread([3, 4], dtype, 2);
  const unary: Record<string, (a: A) => A> = {
    neg: np.negative,
    reciprocal: np.reciprocal,
    floor: (a) => np.floor(a.mul(3)),
    ceil: (a) => np.ceil(a.mul(3)),
    sin: np.sin,
    cos: np.cos,
    asin: np.arcsin,
    atan: (a) => np.arctan(a.mul(5)),
    exp: np.exp,
    log: (a) => np.log(np.abs(a)),
    sqrt: (a) => np.sqrt(np.abs(a)),
    relu: nn.relu,
    sigmoid: nn.sigmoid,
    softplus: nn.softplus,
    tanh: np.tanh,
    abs: np.abs,
    sign: np.sign,
    clip: (a) => np.clip(a, -0.375, 0.5),
  };
  test.each(Object.keys(unary))("%s", async (name) => {
    const f = unary[name] as (a: A) => A;
    await expectSame(fn(f), [x]);
    await expectSame(
      fn((a) => grad((b: A) => np.sum(f(b)))(a)),
      [x],
    );
  });
  test("erfc, also where it is small", async () => {
    await expectSame(
      fn((a) => lax.erfc(a.mul(4))),
      [x],
    );
  });
  test("erf to the accuracy of jax-js's formula", async () => {
    await expectSame(
      fn((a) => lax.erf(a)),
      [x],
      dtype === Float32 ? 1 : 1,
    );
  });
  const binary: Record<string, (a: A, b: A) => A> = {
    add: np.add,
    subtract: np.subtract,
    multiply: np.multiply,
    divide: np.divide,
    maximum: np.maximum,
    minimum: np.minimum,
    remainder: np.remainder,
    fmod: np.fmod,
    less: np.less,
    lessEqual: np.lessEqual,
    equal: np.equal,
    notEqual: np.notEqual,
    where: (a, b) => np.where(np.less(a.ref, b.ref), a, b.mul(2)),
  };
  test.each(Object.keys(binary))("%s, shapes equal and broadcast", async (name) => {
    const f = fn(binary[name] as (...args: A[]) => A);
    await expectSame(f, [x, y]);
    await expectSame(f, [x, spread([4], dtype, 3)]);
    await expectSame(f, [spread([3, 1], dtype, 3), spread([4], dtype, 4)]);
    await expectSame(f, [x, spread([], dtype, 3)]);
    await expectSame(f, [x, x]);
  });
});

describe("integers and booleans", () => {
  const a = host([7, -7, 3, -2, 2147483647, 0], [6], Int32);
  const b = host([2, 2, -2, 5, 1, 3], [6], Int32);
  test.each(["add", "subtract", "multiply", "maximum", "minimum", "less", "equal"] as const)(
    "%s of int32",
    async (name) => {
      await expectSame(fn(np[name]), [a, b]);
    },
  );
  test("division and remainder", async () => {
    await expectSame(
      fn((x, y) => x.div(y)),
      [a, b],
    );
    await expectSame(
      fn((x, y) => x.mod(y)),
      [a, b],
    );
  });
  test.each([Int32, Uint32])("constants after one another, %s", async (dtype) => {
    const x = host([0, 1, 7, 2147483647], [4], dtype);
    await expectSame(
      fn((a) => [a.ref.add(3).add(4), a.ref.mul(3).mul(5), a.add(3).mul(2).add(4).add(5)]),
      [x],
    );
  });

  test("uint32 wraps around", async () => {
    const u = host([0, 1, 4294967295, 2147483648], [4], Uint32);
    const v = host([5, 7, 2, 3], [4], Uint32);
    await expectSame(
      fn((x, y) => [np.add(x.ref, y.ref), np.multiply(x, y)] as never),
      [u, v],
    );
    await expectSame(
      fn((x, y) => x.sub(y)),
      [u, v],
    );
    await expectSame(
      fn((x) => x.astype(Float32)),
      [u],
    );
  });
  test("sums and products of uint32 over any axis", async () => {
    const large = host([4294967295, 2, 3, 2147483648, 5, 6], [2, 3], Uint32);
    const small = host([65535, 2, 3, 65537, 5, 6], [2, 3], Uint32);
    for (const axis of [0, 1, [0, 1]]) {
      await expectSame(
        fn((a) => np.sum(a, axis)),
        [large],
      );
      await expectSame(
        fn((a) => np.prod(a, axis)),
        [small],
      );
    }
  });
  test("casts", async () => {
    const x = host([1.7, -1.7, 0, 3e9, -3e9], [5], Float32);
    await expectSame(
      fn((v) => [v.ref.astype(Bool), v.astype(Float64)] as never),
      [x],
    );
    await expectSame(
      fn((v) => v.astype(Int32)),
      [host([1.7, -1.7, 0, 100.5], [4], Float32)],
    );
    await expectSame(
      fn((v) => v.astype(Uint32)),
      [host([3, -1, 5], [3], Int32)],
    );
  });
  test("logic, any, all", async () => {
    const p = host([1, 0, 1, 1, 0, 0], [2, 3], Bool);
    const q = host([1, 1, 0, 1, 0, 1], [2, 3], Bool);
    await expectSame(
      fn((s, t) => [s.ref.add(t.ref), s.ref.mul(t.ref), np.where(s.ref, t.ref, s)] as never),
      [p, q],
    );
    await expectSame(
      fn((s) => [np.any(s.ref, 1), np.all(s.ref, 0), np.any(s)] as never),
      [p],
    );
    await expectSame(
      fn((s, t) => [np.equal(s.ref, t.ref), np.less(s, t)] as never),
      [p, q],
    );
  });
});

describe("reductions", () => {
  // Sizes are powers of two: traced programs hold the 1/n of a mean in float32 only.
  const x = spread([2, 8, 4], Float64);
  test.each(["sum", "prod", "min", "max", "mean"] as const)("%s", async (name) => {
    const f = np[name] as (a: A, axis?: number[] | number | null) => A;
    for (const axis of [null, 0, 1, 2, [0, 2], [1, 2]])
      await expectSame(
        fn((a) => f(a, axis)),
        [x],
      );
    await expectSame(
      fn((a) => grad((b: A) => np.sum(np.sin(f(b, 1))))(a)),
      [x],
    );
  });
  test("over an axis that is only broadcast", async () => {
    const wide = (a: A) => np.broadcastTo(a.reshape([2, 1, 3]), [2, 5, 3]);
    for (const op of [np.sum, np.prod, np.max] as ((a: A, axis: number) => A)[]) {
      await expectSame(
        fn((a) => op(wide(a), 1)),
        [spread([2, 3], Float64)],
      );
    }
  });
  test("softmax, logsumexp and cumulative sums with gradients", async () => {
    const m = spread([3, 5], Float64);
    for (const f of [
      nn.softmax,
      nn.logSoftmax,
      (a: A) => nn.logsumexp(a, -1),
      (a: A) => np.cumsum(a, -1),
      (a: A) => np.cumsum(a, 0),
    ]) {
      await expectSame(
        fn((a) => f(a)),
        [m],
      );
      await expectSame(
        fn((a) => grad((b: A) => np.sum(np.sin(f(b))))(a)),
        [m],
      );
    }
  });
});

describe("products", () => {
  const cases: [string, number[], number[], (a: A, b: A) => A][] = [
    ["matrix · matrix", [3, 4], [4, 5], np.matmul],
    ["matrix · vector", [3, 4], [4], np.matmul],
    ["vector · matrix", [4], [4, 5], np.matmul],
    ["vector · vector", [4], [4], np.dot],
    ["batched", [2, 3, 4], [2, 4, 5], np.matmul],
    ["batched · shared", [2, 3, 4], [4, 5], np.matmul],
    ["shared · batched", [3, 4], [2, 4, 5], np.matmul],
    ["outer", [3], [4], np.outer],
    ["transposed left", [4, 3], [4, 5], (a, b) => np.matmul(np.transpose(a), b)],
    ["transposed right", [3, 4], [5, 4], (a, b) => np.matmul(a, np.transpose(b))],
    ["transposed result", [3, 4], [4, 5], (a, b) => np.transpose(np.matmul(a, b))],
    [
      "batched transposed",
      [2, 4, 3],
      [2, 5, 4],
      (a, b) => np.matmul(np.transpose(a, [0, 2, 1]), np.transpose(b, [0, 2, 1])),
    ],
    ["over two axes", [2, 3, 4], [3, 4, 5], (a, b) => np.tensordot(a, b, 2)],
    [
      "a batch inside",
      [3, 2, 4],
      [4, 2, 5],
      (a, b) => np.transpose(np.matmul(np.transpose(a, [1, 0, 2]), np.transpose(b, [1, 0, 2])), [2, 0, 1]),
    ],
    [
      "a broadcast product, summed",
      [3, 4],
      [4, 5],
      (a, b) => np.sum(a.reshape([3, 4, 1]).mul(b.reshape([1, 4, 5])), 1),
    ],
    [
      "sides that are only broadcast along the sum",
      [3, 1],
      [1, 5],
      (a, b) => np.matmul(np.broadcastTo(a, [3, 4]), np.broadcastTo(b, [4, 5])),
    ],
    [
      "a summed row and nothing shared",
      [3, 4],
      [5, 4],
      (a, b) => np.sum(a.reshape([3, 1, 4]).mul(np.sum(b, 1).reshape([1, 5, 1])), 2),
    ],
  ];
  test.each(cases)("%s", async (_name, left, right, f) => {
    const args = [spread(left, Float64), spread(right, Float64, 2)];
    await expectSame(fn(f), args);
    const loss = (a: A, b: A) => np.sum(np.sin(f(a, b)));
    await expectSame(
      fn((a, b) => valueAndGrad(loss, { argnums: [0, 1] })(a, b)),
      args,
    );
  });
  test("int32", async () => {
    await expectSame(fn(np.matmul), [spread([3, 4], Int32), spread([4, 2], Int32, 2)]);
  });
});

describe.each(floats)("the extremes of a few long rows, %s", (dtype) => {
  test.each([2, 3, 4])("of %i: the larger, the smaller, NaN where there is one", async (rows) => {
    const a = spread([rows, 9000], dtype);
    const odd = host([...spread([rows * 9000], dtype, 3).data], [rows, 90, 100], dtype);
    odd.data[0] = Number.NaN;
    odd.data[(rows - 1) * 9000 + 7] = Number.NaN;
    odd.data[9] = Number.NEGATIVE_INFINITY;
    for (const x of [a, odd]) {
      await expectSame(
        fn((v) => np.max(v, 0)),
        [x],
      );
      await expectSame(
        fn((v) => np.min(v, 0)),
        [x],
      );
    }
    await expectSame(
      fn((v) => np.max(v, 0, { keepdims: true })),
      [odd],
    );
    await expectSame(
      fn((v) => grad((b: A) => np.sum(np.max(b, 0)))(v)),
      [a],
    );
  });
});
