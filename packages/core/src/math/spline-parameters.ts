import { softplusInverse } from "./numerics.js";

/** Floors that keep a bin from collapsing (Durkan et al. 2019, section 3.1). */
export const MIN_SIZE = 1e-3;
export const MIN_DERIVATIVE = 1e-3;

/** The unnormalized inner derivative at which softplus + floor is 1. */
export const UNIT_DERIVATIVE = softplusInverse(1 - MIN_DERIVATIVE);

/**
 * The parameters for wanted sizes and inner derivatives, as far as the floors allow: the inverse of the parametrization
 * of one spline. Sizes are scaled to sum to the whole.
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
