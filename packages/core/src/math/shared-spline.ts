import { lax, numpy as np } from "@jax-js/jax";
import { leading, nth } from "../lists.js";
import { softplus } from "./numerics.js";
import { type Curve, splineForward, splineInverse } from "./rq-spline.js";
import { MIN_DERIVATIVE, MIN_SIZE } from "./spline-parameters.js";

/** Unnormalized widths [K], heights [K] and inner derivatives [K−1] of one spline. */
export type SplineParams = { widths: np.Array; heights: np.Array; derivatives: np.Array };

/** Rows of a table of curves, in its order. */
type Rows = [np.Array, np.Array, np.Array, np.Array, np.Array, np.Array];

/** Direction through a layer: the search uses the knots of x or of z. */
type Direction = "forward" | "inverse";

/**
 * Precomputed tables of a spline: the curves of its bins and of the tails on both sides, one column each, [6, K + 2],
 * and the ends of the intervals of the curves, [K + 2].
 */
export type SplineTable = { curves: np.Array; from: np.Array; to: np.Array };

/** Applies one shared spline to the entries of x […]; the identity outside of its bins. Consumes everything. */
export const sharedForward = (table: SplineTable, x: np.Array) => splineForward(x, curvesAt(table, x));

/** The inverse of `sharedForward`, by tables for that direction. */
export const sharedInverse = (table: SplineTable, z: np.Array): np.Array =>
  splineInverse(z, curvesAt(table, z));

/**
 * The tables of several splines of K bins each, all at once: a network has many small splines. Widths and
 * heights by softmax with a floor, scaled to [−bound, bound]; inner derivatives by softplus with a floor;
 * derivative 1 at both ends. Consumes everything.
 */
export function splineTables(
  all: readonly SplineParams[],
  bound: number,
  direction: Direction,
): SplineTable[] {
  const count = all.length;
  const { shape, dtype } = nth(all, 0).widths;
  const bins = nth(shape, 0);
  const raw = joined(all.flatMap(({ widths, heights }) => [widths, heights])).reshape([count, 2, bins]);
  const mass = np.exp(raw.ref.sub(lax.stopGradient(np.max(raw, 2, { keepdims: true }))));
  const sizes = mass.ref
    .div(np.sum(mass, 2, { keepdims: true }))
    .mul(2 * bound * (1 - MIN_SIZE * bins))
    .add(2 * bound * MIN_SIZE);
  // left ends: half of the sizes before them less half of those behind, so that knots near 0 keep their digits
  const ends = np.matmul(sizes.ref, np.triu(np.ones([bins, bins], { dtype }), 1).sub(0.5)); // x₀ and y₀
  const [width, height] = leading(np.split(sizes, 2, 1), 2); // [count, 1, K]
  const inner = softplus(joined(all.map(({ derivatives }) => derivatives)))
    .add(MIN_DERIVATIVE)
    .reshape([count, 1, bins - 1]);
  const one = np.ones([count, 1, 1], { dtype });
  const d0 = np.concatenate([one.ref, inner.ref], 2);
  const d1 = np.concatenate([inner, one], 2);
  const perWidth = np.reciprocal(width);
  const slope = height.mul(perWidth.ref);
  const perSlope = np.reciprocal(slope.ref);
  const bends = [ends, perWidth, slope, d0.mul(perSlope.ref), d1.mul(perSlope)];
  const tail = (x0: number): np.Array =>
    np
      .array(all.flatMap(() => [x0, x0, 0, 1, 1, 1]))
      .astype(dtype)
      .reshape([count, 6, 1]);
  const curves = np.concatenate([tail(-bound), np.concatenate(bends, 1), tail(bound)], 2);
  const row = direction === "forward" ? 0 : 1;
  const knots = lax.stopGradient(curves.ref.slice([], row, [1, bins + 2])); // the left ends of all curves except the left tail
  const edge = (value: number): np.Array => np.full([count, 1], value, { dtype });
  const from = np.concatenate([edge(Number.NEGATIVE_INFINITY), knots.ref], 1);
  const to = np.concatenate([knots, edge(Number.POSITIVE_INFINITY)], 1);
  const [curvesOf, fromOf, toOf] = [apart(curves, count), apart(from, count), apart(to, count)];
  return all.map((_, i) => ({ curves: curvesOf[i], from: fromOf[i], to: toOf[i] }) as SplineTable);
}

const joined = (arrays: readonly np.Array[]): np.Array =>
  arrays.length === 1 ? nth(arrays, 0) : np.concatenate([...arrays]);

/** The parts [i] of an array of `count`. */
const apart = (array: np.Array, count: number): np.Array[] =>
  (count === 1 ? [array] : np.split(array, count, 0)).map((part) => part.reshape(part.shape.slice(1)));

/**
 * The curves of entries v […]: the product of the curves with the one-hot of the bins, [K + 2, …], so that their
 * gradient is a product as well. Consumes the table, borrows v.
 */
function curvesAt({ curves, from, to }: SplineTable, v: np.Array): Curve {
  const columns = nth(curves.shape, 1);
  const aside = (a: np.Array): np.Array => a.reshape([columns, ...v.shape.map(() => 1)]);
  const here = np.lessEqual(aside(from), v.ref).mul(np.less(v.ref, aside(to)));
  const found = np.tensordot(curves, here.astype(curves.dtype), 1); // [6, …]
  const [x0, y0, perWidth, slope, alpha, beta] = np
    .split(found, 6, 0)
    .map((curve) => curve.reshape(v.shape)) as Rows;
  return { x0, y0, perWidth, slope, alpha, beta };
}
