import { lax, nn, numpy as np, tree } from "@jax-js/jax";
import { sizeOf } from "../shape.js";
import { type Curve, splineForward, splineInverse, withinBin } from "./rq-spline.js";

/** The smallest width and height of a bin, as a share of the unit interval. */
export const LEAST_SIZE = 1e-6;

/**
 * Largest ratio of the derivative at a knot to the slope of an adjacent bin: beyond it the formulas cancel in float32.
 * The curve has a kink there, but value and derivative stay consistent.
 */
const STEEPEST = 1e4;

/** Unnormalized widths [M, K] and heights [M, K], and the logs of inner derivatives [M, K−1], of M splines of K bins. */
export type EntrySplineParams = { widths: np.Array; heights: np.Array; logDerivatives: np.Array };

/** Direction through a layer: the search uses the knots of x or of z. */
type Direction = "forward" | "inverse";

/** Numbers of a curve, in the order in which a row of the table holds them. */
const ROW = 6;

/**
 * M monotone rational-quadratic splines of the unit interval onto itself, with tails of slope 1: the curves of bins and
 * tails as rows, [M · (K + 2), 6], and the ends of the bins that entries are compared with, [K + 1, M].
 */
type Table = { rows: np.Array; ends: np.Array; bins: number };

/**
 * Widths and heights by softmax with a floor; derivative 1 at both ends. Sizes are differences of the rounded knots, so
 * that an entry exceeds its bin by at most its own rounding error.
 */
function tableOf({ widths, heights, logDerivatives }: EntrySplineParams, direction: Direction): Table {
  const [count = 0, bins = 0] = widths.shape;
  const { dtype } = widths;
  const one = np.ones([count, 1], { dtype });
  /** The K + 1 ends of bins: cumulative sums of the sizes, as a product with a triangular matrix of ones. */
  const knotsOf = (raw: np.Array): np.Array => {
    const sizes = nn
      .softmax(raw, 1)
      .mul(1 - LEAST_SIZE * bins)
      .add(LEAST_SIZE);
    const before = np.triu(np.ones([bins, bins], { dtype }), 1);
    return np.concatenate([np.matmul(sizes, before), one.ref], 1);
  };
  const [x, y] = [knotsOf(widths), knotsOf(heights)];
  const lefts = (knots: np.Array): np.Array => knots.slice([], [0, bins]);
  const sizesOf = (knots: np.Array): np.Array => knots.ref.slice([], [1, bins + 1]).sub(lefts(knots));
  const perWidth = np.reciprocal(sizesOf(x.ref));
  const slope = sizesOf(y.ref).mul(perWidth.ref);
  const [x0, y0] = [lefts(x), lefts(y)];
  const perSlope = np.reciprocal(slope.ref);
  const inner = np.exp(logDerivatives);
  const ratio = (derivatives: readonly np.Array[]): np.Array =>
    np.minimum(np.concatenate([...derivatives], 1).mul(perSlope.ref), STEEPEST);
  const alpha = ratio([one.ref, inner.ref]);
  const beta = ratio([inner, one]);
  perSlope.dispose();
  const inside = np.stack([x0, y0, perWidth, slope, alpha, beta], 2); // [M, K, 6]
  const tail = (at: number): np.Array =>
    np.broadcastTo(np.array([at, at, 0, 1, 1, 1]).astype(dtype), [count, 1, ROW]);
  const curves = np.concatenate([tail(0), inside, tail(1)], 1); // [M, K + 2, 6]
  const column = direction === "forward" ? 0 : 1;
  const ends = lax.stopGradient(np.transpose(curves.ref.slice([], [1, bins + 2], column)));
  return { rows: curves.reshape([count * (bins + 2), ROW]), ends, bins };
}

/** The curves of bins and tails, [M, K + 2, 6]: left knots x₀ and y₀, 1 / width, slope, α and β. Consumes the parameters. */
export function entryCurves(params: EntrySplineParams): np.Array {
  const { rows, ends, bins } = tableOf(params, "forward");
  ends.dispose();
  return rows.reshape([-1, bins + 2, ROW]);
}

/**
 * The curves that entries v [B, …shape] lie on. `splines` assigns splines to entries: a shape that broadcasts over that
 * of an example, with as many axes; B times as many splines are those of each example. Consumes the table, borrows v.
 */
function curvesAt({ rows, ends, bins }: Table, v: np.Array, splines: readonly number[]): Curve {
  const [, count = 0] = ends.shape;
  const sets = count / sizeOf(splines);
  const aside = ends.reshape([bins + 1, sets, ...splines]);
  const reached = np.lessEqual(aside, v.ref).astype(np.float32); // [K + 1, B, …shape]
  const bin = np.sum(reached, 0).astype(np.int32);
  const found = sets > 1 ? ofExamples(rows, bin, [sets, ...splines], bins) : ofAll(rows, bin, splines, bins); // [B, …shape, 6]
  const [x0, y0, perWidth, slope, alpha, beta] = np
    .split(found, ROW, -1)
    .map((part) => part.reshape(v.shape)) as [np.Array, np.Array, np.Array, np.Array, np.Array, np.Array];
  return { x0, y0, perWidth, slope, alpha, beta };
}

/** Rows of the bins, of splines that all examples share. Consumes both. */
function ofAll(rows: np.Array, bin: np.Array, splines: readonly number[], bins: number): np.Array {
  const first = np
    .arange(0, sizeOf(splines) * (bins + 2), bins + 2)
    .astype(np.int32)
    .reshape([...splines]);
  return rows.slice(bin.add(first));
}

/** The same of splines of each example: sums with one row, as no constant of an exported graph may know how many examples there are. */
function ofExamples(rows: np.Array, bin: np.Array, splines: readonly number[], bins: number): np.Array {
  const here = np.equal(np.expandDims(bin, -1), np.arange(bins + 2).astype(np.int32)); // [B, …shape, K + 2]
  const weights = np.expandDims(here.astype(rows.dtype), -1);
  return np.sum(rows.reshape([...splines, bins + 2, ROW]).mul(weights), -2);
}

/** Applies its spline to each entry of x [B, …shape]: the value and the log of the derivative. Consumes everything. */
export const entryForward = (
  params: EntrySplineParams,
  x: np.Array,
  splines: readonly number[],
): { z: np.Array; logDerivative: np.Array } =>
  splineForward(x, curvesAt(tableOf(params, "forward"), x, splines), withinBin);

/** The inverse of `entryForward`. */
export const entryInverse = (params: EntrySplineParams, z: np.Array, splines: readonly number[]): np.Array =>
  splineInverse(z, curvesAt(tableOf(params, "inverse"), z, splines), withinBin);

/** The inverse of `entryForward`, and the log of the derivative of that at the result. Consumes everything. */
export function entryInverseSlope(
  params: EntrySplineParams,
  z: np.Array,
  splines: readonly number[],
): { x: np.Array; logDerivative: np.Array } {
  const curve = curvesAt(tableOf(params, "inverse"), z, splines);
  const x = splineInverse(z, tree.ref(curve), withinBin);
  const { z: again, logDerivative } = splineForward(x.ref, curve, withinBin);
  again.dispose();
  return { x, logDerivative };
}
