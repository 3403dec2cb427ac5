/** Primitives without an operator of ONNX, written out in others: factorizations row by row, transforms as products. */
import { DType, grad, lax, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { toOnnx } from "../src/index.js";
import { expectSame, type Fn, host, spread } from "./compare.js";
import type { HostArray } from "./host-array.js";

type A = np.Array;
const { Float32, Float64 } = DType;

/** x xᵀ + I of random x: positive definite. */
function definite(n: number, lead: readonly number[] = [], dtype: DType = Float64): HostArray {
  const count = lead.reduce((a, b) => a * b, 1);
  const x = spread([count, n, n], Float64);
  const at = (k: number, i: number, j: number): number => x.data[(k * n + i) * n + j] as number;
  const values = Array.from({ length: count * n * n }, (_, place) => {
    const [k, i, j] = [Math.floor(place / (n * n)), Math.floor(place / n) % n, place % n];
    return Array.from({ length: n }, (__, l) => at(k, i, l) * at(k, j, l)).reduce(
      (a, b) => a + b,
      Number(i === j),
    );
  });
  return host(values, [...lead, n, n], dtype);
}

describe("cholesky", () => {
  it.each([1, 2, 5, 32])("of %i rows", async (n) => {
    expect.hasAssertions();
    await expectSame((x) => lax.linalg.cholesky(x), [definite(n)]);
  });

  it("of a stack, in float32, with its gradient", async () => {
    expect.hasAssertions();
    const loss = (x: A): A => np.sum(np.sin(lax.linalg.cholesky(x)));
    await expectSame((x) => [lax.linalg.cholesky(x.ref), grad(loss)(x)], [definite(4, [3], Float32)]);
  });

  it("is NaN from the first column on that has no root", async () => {
    expect.hasAssertions();
    await expectSame((x) => lax.linalg.cholesky(x), [host([4, 2, 2, -1], [2, 2], Float64)]);
  });
});

it.each([
  { lower: true, unitDiagonal: false, leftSide: true },
  { lower: false, unitDiagonal: true, leftSide: true },
  { lower: false, unitDiagonal: false, leftSide: false },
])("triangularSolve: $lower, $unitDiagonal, $leftSide", async (options) => {
  expect.hasAssertions();
  const right = spread(options.leftSide ? [2, 4, 3] : [2, 3, 4], Float64, 2);
  await expectSame((a, b) => lax.linalg.triangularSolve(a, b, options), [definite(4, [2]), right]);
});

describe("lu", () => {
  const f: Fn = (x) => lax.linalg.lu(x);
  it.each([[[1, 1]], [[4, 4]], [[2, 5, 3]], [[3, 6]]])("of [%s]", async (shape) => {
    expect.hasAssertions();
    await expectSame(f, [spread(shape, Float64, 3)]);
  });

  it("of a singular matrix, and of equal pivots", async () => {
    expect.hasAssertions();
    await expectSame(f, [host([1, 2, 3, 1, 2, 3, -1, 2, 0], [3, 3], Float64)]);
    await expectSame(f, [host([0, 0, 0, 1], [2, 2], Float64)]);
    await expectSame(f, [host([1, 2, Number.POSITIVE_INFINITY, 2, 1, 1, 1, 1, 3], [3, 3], Float64)]);
  });

  it("serves determinants, inverses and solutions", async () => {
    expect.hasAssertions();
    const all: Fn = (x, y) => [np.linalg.det(x.ref), np.linalg.inv(x.ref), np.linalg.solve(x, y)];
    await expectSame(all, [spread([5, 5], Float64, 7), spread([5, 2], Float64)], 100);
  });
});

describe("fft", () => {
  const pair: Fn = (re, im) => {
    const { real, imag } = np.fft.fft({ real: re, imag: im });
    return [real, imag];
  };
  it.each([1, 2, 7, 64, 67, 96, 1000])("of length %i", async (n) => {
    expect.hasAssertions();
    await expectSame(pair, [spread([2, n], Float64), spread([2, n], Float64, 2)], 100);
  });

  it("the inverse one, along the first axis, and of real numbers", async () => {
    expect.hasAssertions();
    const f: Fn = (re, im) => {
      const back = np.fft.ifft({ real: re.ref, imag: im }, 0);
      const half = np.fft.rfft(re);
      return [back.real, back.imag, half.real, half.imag];
    };
    await expectSame(f, [spread([6, 8], Float32), spread([6, 8], Float32, 2)]);
  });
});

describe("refused by name", () => {
  const refusal = (f: (x: A) => A, n: number) => (): Uint8Array => toOnnx(f, { x: { shape: [n, n] } });
  it("factorizations of more than 32 rows", () => {
    expect(refusal((x) => lax.linalg.cholesky(x), 33)).toThrow(
      expect.objectContaining({
        name: "UnsupportedOpError",
        op: "cholesky",
        node: expect.stringContaining("float32[33,33]"),
        message: expect.stringContaining("at most 32 rows, in `float32[33,33] = cholesky"),
      }),
    );
  });

  it("sweeps of rotations", () => {
    expect(refusal((x) => np.linalg.eigvalsh(x), 3)).toThrow(/^jacobi_eigh: .*until convergence.* in `/);
  });
});
