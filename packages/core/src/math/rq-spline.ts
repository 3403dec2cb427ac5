import { nn, numpy as np } from "@jax-js/jax";
import { softplus, softplusInverse } from "./numerics.js";

/** Floors that keep a bin from collapsing (Durkan et al. 2019, section 3.1). */
const MIN_SIZE = 1e-3;
const MIN_DERIVATIVE = 1e-3;

/** The unnormalized inner derivative at which softplus + floor is 1. */
export const UNIT_DERIVATIVE = softplusInverse(1 - MIN_DERIVATIVE);

/** What the formula needs to know of the bin that an entry lies in: left knots, sizes, end derivatives. */
export type Bin = {
  x0: np.Array;
  width: np.Array;
  y0: np.Array;
  height: np.Array;
  d0: np.Array;
  d1: np.Array;
};

/**
 * Knots of splines from unnormalized parameters along the last axis: widths and heights [.., K] by
 * softmax with a floor, scaled to [−bound, bound]; inner derivatives [.., K−1] by softplus with a
 * floor; derivative 1 at both ends. Returns a table [6, .., K]: rows in the order of `Bin`.
 */
export function splineTable(
  widths: np.Array,
  heights: np.Array,
  derivatives: np.Array,
  bound: number,
): np.Array {
  const bins = widths.shape[widths.ndim - 1] as number;
  const sizes = (u: np.Array): np.Array =>
    nn
      .softmax(u, -1)
      .mul(1 - MIN_SIZE * bins)
      .add(MIN_SIZE)
      .mul(2 * bound);
  const width = sizes(widths);
  const height = sizes(heights);
  // left knots: the sum of the sizes before, as a product with a strictly upper triangle of ones
  const before = np.triu(np.ones([bins, bins], { dtype: width.dtype }), 1);
  const x0 = np.matmul(width.ref, before.ref).sub(bound);
  const y0 = np.matmul(height.ref, before).sub(bound);
  const inner = softplus(derivatives).add(MIN_DERIVATIVE);
  const end = np.onesLike(width.ref.slice(...leading(width), [0, 1]));
  const d0 = np.concatenate([end.ref, inner.ref], -1);
  const d1 = np.concatenate([inner, end], -1);
  return np.stack([x0, width, y0, height, d0, d1], 0);
}

/** Full slices for all axes but the last. */
const leading = (x: np.Array): [][] => Array.from({ length: x.ndim - 1 }, () => []);

/** z and dz/dx at x inside its bin (Durkan et al. 2019, equations 4 and 5). Consumes everything. */
export function splineForward(x: np.Array, bin: Bin): { z: np.Array; derivative: np.Array } {
  const { x0, width, y0, height, d0, d1 } = bin;
  const slope = height.ref.div(width.ref);
  const t = x.sub(x0).div(width); // ξ
  const t1 = t.ref.mul(np.subtract(1, t.ref)); // ξ (1 − ξ)
  const tt = np.square(t.ref); // ξ²
  const denominator = slope.ref.add(d0.ref.add(d1.ref).sub(slope.ref.mul(2)).mul(t1.ref));
  const numerator = height.mul(slope.ref.mul(tt.ref).add(d0.ref.mul(t1.ref)));
  const z = y0.add(numerator.div(denominator.ref));
  const rest = np.square(np.subtract(1, t)); // (1 − ξ)²
  const top = d1.mul(tt).add(slope.ref.mul(t1).mul(2)).add(d0.mul(rest));
  const derivative = np.square(slope).mul(top).div(np.square(denominator));
  return { z, derivative };
}

/** x at z inside its bin: the root of a quadratic in its stable form (equations 6 to 8). */
export function splineInverse(z: np.Array, bin: Bin): np.Array {
  const { x0, width, y0, height, d0, d1 } = bin;
  const slope = height.ref.div(width.ref);
  const rise = z.sub(y0);
  const bend = rise.ref.mul(d0.ref.add(d1).sub(slope.ref.mul(2)));
  const a = height.ref.mul(slope.ref.sub(d0.ref)).add(bend.ref);
  const b = height.mul(d0).sub(bend);
  const c = slope.mul(rise).neg();
  const discriminant = np.maximum(np.square(b.ref).sub(a.mul(c.ref).mul(4)), 0);
  const root = c.mul(2).div(b.neg().sub(np.sqrt(discriminant)));
  return root.mul(width).add(x0);
}

/**
 * Looks the bins of many entries up in one shared table [6, K]: `v` [M] lies among `knots` [K] (the
 * left ends). Sums the table's differences over the inner knots at or below v, one product of a
 * [6, K−1] by a [K−1, M] matrix, so its gradient is a product as well. Borrows `table` and `v`.
 */
export function sharedBin(table: np.Array, v: np.Array, row: "x0" | "y0"): Bin {
  const bins = table.shape[1] as number;
  const first = table.ref.slice([], [0, 1]); // [6, 1]
  const steps = table.ref.slice([], [1, bins]).sub(table.ref.slice([], [0, bins - 1])); // [6, K−1]
  const inner = table.ref.slice(row === "x0" ? 0 : 2, [1, bins]).reshape([bins - 1, 1]);
  const reached = np.lessEqual(inner, v.ref.reshape([1, -1])).astype(table.dtype); // [K−1, M]
  const found = first.add(np.matmul(steps, reached)); // [6, M]
  const [x0, width, y0, height, d0, d1] = np.split(found, 6, 0).map((a) => a.reshape([-1])) as [
    np.Array,
    np.Array,
    np.Array,
    np.Array,
    np.Array,
    np.Array,
  ];
  return { x0, width, y0, height, d0, d1 };
}
