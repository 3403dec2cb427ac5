import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { logSumExp } from "../../src/math/numerics.js";

it("the logarithm of a sum is −∞ where all its terms are 0, and stays finite beyond the exponents of float32", () => {
  const rows = np.array([
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, 3],
    [-1000, -1000],
    [1000, 999],
  ]);
  const sums = logSumExp(rows, 1).js() as number[];
  expect(sums.slice(0, 2)).toEqual([Number.NEGATIVE_INFINITY, 3]);
  expect(sums[2]).toBeCloseTo(-1000 + Math.log(2), 3);
  expect(sums[3]).toBeCloseTo(1000 + Math.log1p(Math.exp(-1)), 3);
});
