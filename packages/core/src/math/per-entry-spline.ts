import { nn, numpy as np } from "@jax-js/jax";
import { softplus } from "./numerics.js";
import { type Bin, curveOf, splineForward, splineInverse } from "./rq-spline.js";
import { MIN_DERIVATIVE, MIN_SIZE } from "./spline-parameters.js";

/** The knots of splines, [K, M] each: a column for every spline, a row for every bin, in the order of `Bin`. */
type Knots = [x0: np.Array, width: np.Array, y0: np.Array, height: np.Array, d0: np.Array, d1: np.Array];

/**
 * Knots from unnormalized parameters: widths and heights [K, M] by softmax with a floor, scaled to
 * [−bound, bound]; inner derivatives [K−1, M] by softplus with a floor; derivative 1 at both ends.
 */
export function splineKnots(
  widths: np.Array,
  heights: np.Array,
  derivatives: np.Array,
  bound: number,
): Knots {
  const bins = widths.shape[0] as number;
  const sizes = (u: np.Array): np.Array =>
    nn
      .softmax(u, 0)
      .mul(1 - MIN_SIZE * bins)
      .add(MIN_SIZE)
      .mul(2 * bound);
  const width = sizes(widths);
  const height = sizes(heights);
  // left ends: cumulative sums of the sizes before, as a product with a strictly lower triangular matrix of ones
  const before = np.tril(np.ones([bins, bins], { dtype: width.dtype }), -1);
  const x0 = np.matmul(before.ref, width.ref).sub(bound);
  const y0 = np.matmul(before, height.ref).sub(bound);
  const inner = softplus(derivatives).add(MIN_DERIVATIVE);
  const end = np.onesLike(width.ref.slice([0, 1]));
  const d0 = np.concatenate([end.ref, inner.ref], 0);
  const d1 = np.concatenate([inner, end], 0);
  return [x0, width, y0, height, d0, d1];
}

/** The knots for the search: x₀ forward, y₀ for the inverse. */
const SEARCHED = { forward: 0, inverse: 2 } as const;
type Direction = keyof typeof SEARCHED;

/** The bins of entries v [M], each in its own spline (knots [K, M]). Consumes the knots, borrows v. */
function ownBin(knots: Knots, v: np.Array, direction: Direction): Bin {
  const [bins, count] = knots[0].shape as [number, number];
  const inner = knots[SEARCHED[direction]].ref.slice([1, bins]);
  const reached = np.lessEqual(inner, v.ref.reshape([1, -1])).astype(v.dtype); // [K−1, M]
  const edge = (value: number): np.Array => np.full([1, count], value, { dtype: v.dtype });
  const above = np.concatenate([reached.ref, edge(0)], 0);
  const here = np.concatenate([edge(1), reached], 0).sub(above); // one-hot over the bins, [K, M]
  const rows = knots.map((row) => np.sum(row.mul(here.ref), 0));
  here.dispose();
  const [x0, width, y0, height, d0, d1] = rows as Knots;
  return { x0, width, y0, height, d0, d1 };
}

/**
 * Applies its own spline (knots [K, M]) to each entry of x [M], with linear tails: inside [−bound, bound] the formula,
 * outside the identity. An entry outside is clipped before the formula and restored after it, so that the unused branch
 * never has a NaN gradient. Consumes everything.
 */
export function ownForward(
  x: np.Array,
  knots: Knots,
  bound: number,
): { z: np.Array; logDerivative: np.Array } {
  const { inside, clipped } = moveInside(x, bound);
  const curve = curveOf(ownBin(knots, clipped, "forward"));
  const { z, logDerivative } = splineForward(clipped, curve);
  return { logDerivative: np.where(inside.ref, logDerivative, 0), z: np.where(inside, z, x) };
}

/** The inverse of `ownForward`. */
export function ownInverse(z: np.Array, knots: Knots, bound: number): np.Array {
  const { inside, clipped } = moveInside(z, bound);
  const curve = curveOf(ownBin(knots, clipped, "inverse"));
  return np.where(inside, splineInverse(clipped, curve), z);
}

function moveInside(x: np.Array, bound: number): { inside: np.Array; clipped: np.Array } {
  const inside = np.less(np.absolute(x.ref), bound);
  return { clipped: np.where(inside.ref, x.ref, 0), inside };
}
