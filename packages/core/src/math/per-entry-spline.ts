import { lax, nn, numpy as np } from "@jax-js/jax";
import { countOf } from "../shape.js";
import { softplus } from "./numerics.js";
import { type Bin, curveOf, splineForward, splineInverse } from "./rq-spline.js";
import { MIN_DERIVATIVE, MIN_SIZE } from "./spline-parameters.js";

/**
 * Unnormalized parameters of M splines of K bins on [−bound, bound]: widths and heights [K, M], inner derivatives
 * [K − 1, M]; a column for every spline. Sizes are softmax with a floor, derivatives softplus with a floor; the derivative is 1 at both ends.
 */
export type RawSplines = Readonly<{
  widths: np.Array;
  heights: np.Array;
  derivatives: np.Array;
  /** Added to the derivatives, so that zeros can stand for the identity. */
  shift: number;
  bound: number;
}>;

/** The knots of splines, [K, M] each: a column for every spline, a row for every bin, in the order of `Bin`. */
type Knots = [x0: np.Array, width: np.Array, y0: np.Array, height: np.Array, d0: np.Array, d1: np.Array];

/** The part of an interval that a softmax divides among K bins; the rest is their floors. */
const freePart = (bins: number): number => 1 - MIN_SIZE * bins;

/** All knots of the splines: what a coder needs, which asks for many entries of each. Consumes everything. */
export function splineKnots({ widths, heights, derivatives, shift, bound }: RawSplines): Knots {
  const bins = countOf(widths);
  const sizes = (u: np.Array): np.Array =>
    nn
      .softmax(u, 0)
      .mul(freePart(bins))
      .add(MIN_SIZE)
      .mul(2 * bound);
  const width = sizes(widths);
  const height = sizes(heights);
  // left ends: cumulative sums of the sizes before, as a product with a strictly lower triangular matrix of ones
  const before = np.tril(np.ones([bins, bins], { dtype: width.dtype }), -1);
  const x0 = np.matmul(before.ref, width.ref).sub(bound);
  const y0 = np.matmul(before, height.ref).sub(bound);
  const inner = softplus(derivatives.add(shift)).add(MIN_DERIVATIVE);
  const end = np.onesLike(width.ref.slice([0, 1]));
  const d0 = np.concatenate([end.ref, inner.ref], 0);
  const d1 = np.concatenate([inner, end], 0);
  return [x0, width, y0, height, d0, d1];
}

/** exp(u) up to a factor for each column, which their quotients do not have. */
const masses = (u: np.Array): np.Array =>
  np.exp(u.ref.sub(lax.stopGradient(np.max(u, 0, { keepdims: true }))));

/**
 * Which inner knots each entry of v [M] has reached: true or false [K − 1, M]. Knot k is at the share
 * (1 − K f) Σ_{j<k} m_j / Σ m + k f of the interval, for masses m [K, M] of the sizes and the floor f. Consumes both.
 */
function reachedKnots(mass: np.Array, v: np.Array, bound: number): np.Array {
  const bins = countOf(mass);
  const { dtype } = mass;
  const floors = np.arange(1, bins, 1, { dtype }).mul(MIN_SIZE).reshape([-1, 1]);
  const before = np
    .tril(np.ones([bins - 1, bins], { dtype }))
    .mul(freePart(bins))
    .add(floors);
  const total = np.sum(mass.ref, 0, { keepdims: true });
  const share = v.add(bound).mul(1 / (2 * bound));
  return np.lessEqual(np.matmul(before, mass), total.mul(share.reshape([1, -1])));
}

type Direction = "forward" | "inverse";

/**
 * The bins of entries v [M], each in its own spline. Numbers are picked from the unnormalized parameters, and normalized
 * afterwards: M numbers each instead of K M. Consumes the parameters, borrows v.
 */
function ownBin(splines: RawSplines, v: np.Array, direction: Direction): Bin {
  const { widths, heights, derivatives, shift, bound } = splines;
  const [bins = 0, count = 0] = widths.shape;
  const { dtype } = widths;
  const [across, up] = [masses(widths), masses(heights)];
  const searched = direction === "forward" ? across : up;
  const reached = reachedKnots(lax.stopGradient(searched.ref), lax.stopGradient(v.ref), bound);
  const knot = (k: number): np.Array => reached.ref.slice(k);
  const [pastFirst, inLast] = [knot(0), knot(bins - 2)];
  const side = np.where(reached, 0.5, -0.5).astype(dtype);
  const edge = (value: number): np.Array => np.full([1, count], value, { dtype });
  const middle = np.sum(side.ref, 0).sub(0.5);
  const sides = np.concatenate([side.ref, edge(-0.5)], 0); // ½ for the bins before an entry's own, −½ for the others
  const here = np.concatenate([edge(0.5), side], 0).sub(sides.ref); // 1 for its own
  const place = (mass: np.Array): [start: np.Array, size: np.Array] => {
    const scale = np.reciprocal(np.sum(mass.ref, 0)).mul(2 * bound * freePart(bins));
    const size = np.sum(mass.ref.mul(here.ref), 0).mul(scale.ref);
    // counted from the middle, knots near 0 keep digits that a sum from −bound on loses
    const start = np.sum(mass.mul(sides.ref), 0).mul(scale);
    return [start.add(middle.ref.mul(2 * bound * MIN_SIZE)), size.add(2 * bound * MIN_SIZE)];
  };
  const [x0, width] = place(across);
  const [y0, height] = place(up);
  const inner = (own: np.Array, raw: np.Array): np.Array =>
    softplus(np.sum(raw.mul(own), 0).add(shift)).add(MIN_DERIVATIVE);
  const d0 = np.where(pastFirst, inner(here.ref.slice([1, bins]), derivatives.ref), 1);
  const d1 = np.where(inLast, 1, inner(here.ref.slice([0, bins - 1]), derivatives));
  for (const used of [middle, sides, here]) used.dispose();
  return { x0, width, y0, height, d0, d1 };
}

/**
 * Applies its own spline to each entry of x [M], with linear tails: inside [−bound, bound] the formula,
 * outside the identity. An entry outside is clipped before the formula and restored after it, so that the unused branch
 * never has a NaN gradient. Consumes everything.
 */
export function ownForward(x: np.Array, splines: RawSplines): { z: np.Array; logDerivative: np.Array } {
  const { inside, clipped } = moveInside(x, splines.bound);
  const curve = curveOf(ownBin(splines, clipped, "forward"));
  const { z, logDerivative } = splineForward(clipped, curve);
  return { logDerivative: np.where(inside.ref, logDerivative, 0), z: np.where(inside, z, x) };
}

/** The inverse of `ownForward`. */
export function ownInverse(z: np.Array, splines: RawSplines): np.Array {
  const { inside, clipped } = moveInside(z, splines.bound);
  const curve = curveOf(ownBin(splines, clipped, "inverse"));
  return np.where(inside, splineInverse(clipped, curve), z);
}

function moveInside(x: np.Array, bound: number): { inside: np.Array; clipped: np.Array } {
  const inside = np.less(np.absolute(x.ref), bound);
  return { clipped: np.where(inside.ref, x.ref, 0), inside };
}
