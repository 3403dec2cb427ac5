import { lax, numpy as np } from "@jax-js/jax";
import { softplus } from "./numerics.js";
import { type Curve, splineForward, splineInverse } from "./rq-spline.js";
import { MIN_DERIVATIVE, MIN_SIZE } from "./spline-parameters.js";

/** Unnormalized widths [K], heights [K] and inner derivatives [K−1] of one spline. */
export type SplineParams = { widths: np.Array; heights: np.Array; derivatives: np.Array };

/** Rows of a table of curves, in its order. */
type Rows = [np.Array, np.Array, np.Array, np.Array, np.Array, np.Array];

/** Entries x […] through one spline that all of them share, identity outside [−bound, bound]. Consumes everything. */
export function sharedForward(params: SplineParams, bound: number, x: np.Array) {
  return splineForward(x, curvesAt(curveTable(params, bound), 0, x));
}

/** The inverse of `sharedForward`. */
export function sharedInverse(params: SplineParams, bound: number, z: np.Array): np.Array {
  return splineInverse(z, curvesAt(curveTable(params, bound), 1, z));
}

/**
 * The curves of a spline's bins and of the tails left and right of them, a column each, [6, K + 2]. Widths and
 * heights by softmax with a floor, scaled to [−bound, bound]; inner derivatives by softplus with a floor;
 * derivative 1 at both ends.
 */
function curveTable({ widths, heights, derivatives }: SplineParams, bound: number): np.Array {
  const bins = widths.shape[0] as number;
  const dtype = widths.dtype;
  const raw = np.stack([widths, heights]); // [2, K]
  const mass = np.exp(raw.ref.sub(lax.stopGradient(np.max(raw, 1, { keepdims: true }))));
  const sizes = mass.ref
    .div(np.sum(mass, 1, { keepdims: true }))
    .mul(2 * bound * (1 - MIN_SIZE * bins))
    .add(2 * bound * MIN_SIZE);
  // left ends: the sums of the sizes before, as a product with a strictly upper triangle of ones
  const ends = np.matmul(sizes.ref, np.triu(np.ones([bins, bins], { dtype }), 1)).sub(bound); // x₀ and y₀, [2, K]
  const [width, height] = np.split(sizes, 2, 0) as [np.Array, np.Array]; // [1, K]
  const inner = softplus(derivatives)
    .add(MIN_DERIVATIVE)
    .reshape([1, bins - 1]);
  const one = np.ones([1, 1], { dtype });
  const d0 = np.concatenate([one.ref, inner.ref], 1);
  const d1 = np.concatenate([inner, one], 1);
  const perWidth = np.reciprocal(width);
  const slope = height.mul(perWidth.ref);
  const perSlope = np.reciprocal(slope.ref);
  const curves = [ends, perWidth, slope, d0.mul(perSlope.ref), d1.mul(perSlope)];
  const tail = (x0: number): np.Array => np.array([x0, x0, 0, 1, 1, 1]).astype(dtype).reshape([6, 1]);
  return np.concatenate([tail(-bound), np.concatenate(curves, 0), tail(bound)], 1);
}

/**
 * The curves that entries v […] lie on: the one-hot of their bins, [K + 2, …], under the table, so that the gradient
 * of the table is a product as well. `row` is that of the knots to search among. Consumes the table, borrows v.
 */
function curvesAt(table: np.Array, row: 0 | 1, v: np.Array): Curve {
  const columns = table.shape[1] as number;
  const dtype = table.dtype;
  const edge = (value: number): np.Array => np.full([1], value, { dtype });
  const knots = lax.stopGradient(table.ref.slice(row, [1, columns])); // the left ends of all but the left tail
  const aside = (a: np.Array): np.Array => a.reshape([columns, ...v.shape.map(() => 1)]);
  const from = aside(np.concatenate([edge(Number.NEGATIVE_INFINITY), knots.ref], 0));
  const to = aside(np.concatenate([knots, edge(Number.POSITIVE_INFINITY)], 0));
  const here = np.lessEqual(from, v.ref).mul(np.less(v.ref, to)).astype(dtype);
  const found = np.tensordot(table, here, 1); // [6, …]
  const [x0, y0, perWidth, slope, alpha, beta] = np
    .split(found, 6, 0)
    .map((curve) => curve.reshape(v.shape)) as Rows;
  return { x0, y0, perWidth, slope, alpha, beta };
}
