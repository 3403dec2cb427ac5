import { numpy as np } from "@jax-js/jax";
import { nth } from "../lists.js";

/** 0/1 [n, n], 1 where `holds(row, column)`. */
const mask = (n: number, dtype: np.DType, holds: (row: number, column: number) => boolean): np.Array =>
  np
    .array(Array.from({ length: n * n }, (_, i) => Number(holds(Math.floor(i / n), i % n))))
    .reshape([n, n])
    .astype(dtype);

/** The entries strictly below the diagonal of matrices [K, n, n]; zeros elsewhere. */
export function strictlyLower(matrices: np.Array): np.Array {
  const below = mask(nth(matrices.shape, 2), matrices.dtype, (row, column) => row > column);
  return matrices.mul(below);
}

/**
 * (I + N)⁻¹ of strictly lower matrices N [K, n, n], in ⌈log₂ n⌉ steps. Where X inverts the diagonal blocks of side s, X − X M X
 * inverts those of side 2 s: M holds the lower left quarter of each, from N.
 */
export function invertUnitLower(lower: np.Array): np.Array {
  const [, n = 0] = lower.shape;
  let inverse = np.broadcastTo(np.eye(n, n, { dtype: lower.dtype }), lower.shape);
  for (let side = 1; side < n; side *= 2) {
    const quarter = mask(n, lower.dtype, (row, column) => {
      const [i, j] = [Math.floor(row / side), Math.floor(column / side)];
      return i === j + 1 && i % 2 === 1;
    });
    const between = np.matmul(inverse.ref, lower.ref.mul(quarter));
    inverse = inverse.ref.sub(np.matmul(between, inverse));
  }
  lower.dispose();
  return inverse;
}
