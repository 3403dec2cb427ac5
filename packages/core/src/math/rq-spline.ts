import { nn, numpy as np } from "@jax-js/jax";
import { softplus, softplusInverse } from "./numerics.js";

/** Floors that keep a bin from collapsing (Durkan et al. 2019, section 3.1). */
const MIN_SIZE = 1e-3;
const MIN_DERIVATIVE = 1e-3;

/** The unnormalized inner derivative at which softplus + floor is 1. */
export const UNIT_DERIVATIVE = softplusInverse(1 - MIN_DERIVATIVE);

/** What the formula needs to know of the bin that an entry lies in: left knots, sizes, end derivatives. */
type Bin = {
  x0: np.Array;
  width: np.Array;
  y0: np.Array;
  height: np.Array;
  d0: np.Array;
  d1: np.Array;
};

/**
 * The parameters that give wanted sizes and inner derivatives, where the floors allow: the inverse of
 * what `splineKnots` does to one spline. Sizes need not add up to the whole: they are scaled to it.
 */
export function unnormalizedSpline(
  widths: readonly number[],
  heights: readonly number[],
  derivatives: readonly number[],
): { widths: Float32Array; heights: Float32Array; derivatives: Float32Array } {
  const sizes = (wanted: readonly number[]): Float32Array => {
    const total = wanted.reduce((a, b) => a + b, 0);
    const free = 1 - MIN_SIZE * wanted.length;
    return Float32Array.from(wanted, (w) => Math.log(Math.max(w / total - MIN_SIZE, 0.1 * MIN_SIZE) / free));
  };
  return {
    widths: sizes(widths),
    heights: sizes(heights),
    derivatives: Float32Array.from(derivatives, (d) =>
      softplusInverse(Math.max(d - MIN_DERIVATIVE, MIN_DERIVATIVE)),
    ),
  };
}

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
  // left ends: the sum of the sizes before, as a product with a strictly lower triangle of ones
  const before = np.tril(np.ones([bins, bins], { dtype: width.dtype }), -1);
  const x0 = np.matmul(before.ref, width.ref).sub(bound);
  const y0 = np.matmul(before, height.ref).sub(bound);
  const inner = softplus(derivatives).add(MIN_DERIVATIVE);
  const end = np.onesLike(width.ref.slice([0, 1]));
  const d0 = np.concatenate([end.ref, inner.ref], 0);
  const d1 = np.concatenate([inner, end], 0);
  return [x0, width, y0, height, d0, d1];
}

/** z and dz/dx at x inside its bin (Durkan et al. 2019, equations 4 and 5). Consumes everything. */
function splineForward(x: np.Array, bin: Bin): { z: np.Array; derivative: np.Array } {
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
function splineInverse(z: np.Array, bin: Bin): np.Array {
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

const asBin = (rows: readonly np.Array[]): Bin => {
  const [x0, width, y0, height, d0, d1] = rows as Knots;
  return { x0, width, y0, height, d0, d1 };
};

/** Which knots a search is among: x0 on the way forward, y0 on the way back. */
const SEARCHED = { forward: 0, inverse: 2 } as const;
type Direction = keyof typeof SEARCHED;

/**
 * The bins of entries v [M] in one spline that all of them share (knots [K, 1]): the table's first
 * column plus its steps at the inner knots at or below v, one product of a [6, K−1] by a [K−1, M]
 * matrix, so that its gradient is a product as well. Consumes the knots, borrows v.
 */
export function sharedBin(knots: Knots, v: np.Array, direction: Direction): Bin {
  const bins = knots[0].shape[0] as number;
  const inner = knots[SEARCHED[direction]].ref.slice([1, bins]); // [K−1, 1]
  const table = np.concatenate([...knots], 1); // [K, 6]
  const steps = table.ref.slice([1, bins]).sub(table.ref.slice([0, bins - 1])); // [K−1, 6]
  const first = np.transpose(table.slice([0, 1])); // [6, 1]
  const reached = np.lessEqual(inner, v.ref.reshape([1, -1])).astype(v.dtype); // [K−1, M]
  const found = first.add(np.matmul(np.transpose(steps), reached)); // [6, M]
  return asBin(np.split(found, 6, 0).map((row) => row.reshape([-1])));
}

/** The bins of entries v [M], each in a spline of its own (knots [K, M]). Consumes the knots, borrows v. */
export function ownBin(knots: Knots, v: np.Array, direction: Direction): Bin {
  const [bins, count] = knots[0].shape as [number, number];
  const inner = knots[SEARCHED[direction]].ref.slice([1, bins]);
  const reached = np.lessEqual(inner, v.ref.reshape([1, -1])).astype(v.dtype); // [K−1, M]
  const edge = (value: number): np.Array => np.full([1, count], value, { dtype: v.dtype });
  const above = np.concatenate([reached.ref, edge(0)], 0);
  const here = np.concatenate([edge(1), reached], 0).sub(above); // one-hot over the bins, [K, M]
  const bin = asBin(knots.map((row) => np.sum(row.mul(here.ref), 0)));
  here.dispose();
  return bin;
}

/**
 * A spline on entries [M] with linear tails: inside [−bound, bound] the formula, outside the identity.
 * An entry outside is moved inside before the formula and put back after it, so that the branch not
 * taken never makes a NaN gradient. `find` looks up the bins of the moved entries.
 */
export function splineWithTails(
  x: np.Array,
  bound: number,
  find: (clipped: np.Array) => Bin,
): { z: np.Array; logDerivative: np.Array } {
  const { inside, clipped } = moveInside(x, bound);
  const { z, derivative } = splineForward(clipped.ref, find(clipped));
  clipped.dispose();
  const logDerivative = np.where(inside.ref, np.log(derivative), 0);
  return { z: np.where(inside, z, x), logDerivative };
}

/** The inverse of `splineWithTails`. */
export function inverseWithTails(z: np.Array, bound: number, find: (clipped: np.Array) => Bin): np.Array {
  const { inside, clipped } = moveInside(z, bound);
  const x = splineInverse(clipped.ref, find(clipped));
  clipped.dispose();
  return np.where(inside, x, z);
}

function moveInside(x: np.Array, bound: number): { inside: np.Array; clipped: np.Array } {
  const inside = np.less(np.absolute(x.ref), bound);
  return { clipped: np.where(inside.ref, x.ref, 0), inside };
}
