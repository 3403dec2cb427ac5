import { numpy as np } from "@jax-js/jax";
import { log } from "./log.js";

/** The bin of an entry: its left knots, its sizes, and the derivatives at its ends. */
export type Bin = Readonly<{
  x0: np.Array;
  width: np.Array;
  y0: np.Array;
  height: np.Array;
  d0: np.Array;
  d1: np.Array;
}>;

/**
 * The curve of a bin: its left knots, 1 / width, its slope s = height / width, and α and β, the
 * derivatives at its left and right ends over s. A tail, the line through its knots with slope 1, is a bin of
 * infinite width: 1 / width = 0, s = α = β = 1.
 */
export type Curve = Readonly<{
  x0: np.Array;
  y0: np.Array;
  perWidth: np.Array;
  slope: np.Array;
  alpha: np.Array;
  beta: np.Array;
}>;

/** Consumes the bin. */
export function curveOf({ x0, width, y0, height, d0, d1 }: Bin): Curve {
  const perWidth = np.reciprocal(width);
  const slope = height.mul(perWidth.ref);
  const perSlope = np.reciprocal(slope.ref);
  return { x0, y0, perWidth, slope, alpha: d0.mul(perSlope.ref), beta: d1.mul(perSlope) };
}

/** Applied to the share of a bin before an entry, which rounding may take above 1 in narrow bins. */
type Limit = (part: np.Array) => np.Array;
const asItIs: Limit = (part) => part;

/** Clips an entry to the end of its bin: the formulas turn negative beyond it. */
export const withinBin: Limit = (part) => np.minimum(part, 1);

/**
 * z and log dz/dx at x inside its bin. With ξ = (x − x₀) / width, u = 1 − ξ, p = ξ + α u and q = u + β ξ:
 *
 *     z = y₀ + s (x − x₀) p / (ξ p + u q),   dz/dx = s (ξ q + u p) / (ξ p + u q)²
 *
 * Every sum has non-negative terms only, so nothing cancels. Consumes everything.
 * Source: Durkan et al. 2019, equations 4 and 5, divided by s and by s².
 */
export function splineForward(
  x: np.Array,
  curve: Curve,
  limit = asItIs,
): { z: np.Array; logDerivative: np.Array } {
  const { x0, y0, perWidth, slope, alpha, beta } = curve;
  const t = x.sub(x0);
  const xi = limit(t.ref.mul(perWidth));
  const u = np.subtract(1, xi.ref);
  const p = xi.ref.add(alpha.mul(u.ref));
  const q = u.ref.add(beta.mul(xi.ref));
  const perBelow = np.reciprocal(xi.ref.mul(p.ref).add(u.ref.mul(q.ref)));
  const above = xi.mul(q).add(u.mul(p.ref));
  const z = y0.add(slope.ref.mul(t).mul(p.mul(perBelow.ref)));
  return { z, logDerivative: log(slope.mul(above).mul(np.square(perBelow))) };
}

/**
 * x at z inside its bin: with τ = (z − y₀) / height, ξ / τ is 2 / (b + √(b² + 4 a τ)), where k = α + β − 2,
 * a = 1 − α + k τ and b = α − k τ. Consumes everything.
 * Source: Durkan et al. 2019, equations 6 to 8, divided by height · s.
 */
export function splineInverse(z: np.Array, curve: Curve, limit = asItIs): np.Array {
  const { x0, y0, perWidth, slope, alpha, beta } = curve;
  const rise = z.sub(y0).div(slope); // (z − y₀) / s = τ · width
  const tau = limit(rise.ref.mul(perWidth));
  const bend = alpha.ref.add(beta).sub(2).mul(tau.ref);
  const a = np.subtract(1, alpha.ref).add(bend.ref);
  const b = alpha.sub(bend);
  const discriminant = np.maximum(np.square(b.ref).add(a.mul(tau).mul(4)), 0);
  return x0.add(rise.mul(2).div(b.add(np.sqrt(discriminant))));
}
