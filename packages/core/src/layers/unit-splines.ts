import { numpy as np } from "@jax-js/jax";
import { leading } from "../lists.js";
import { ownForward, type RawSplines } from "../math/per-entry-spline.js";
import { UNIT_DERIVATIVE } from "../math/spline-parameters.js";
import { LARGEST_FRACTION } from "./dequantize.js";

/** Half the length of the unit interval that a spline lives on once it is centred. */
export const HALF = 0.5;

/** Numbers that one spline of K bins takes: K widths, K heights, K − 1 inner derivatives. */
export const numbersPerSpline = (bins: number): number => 3 * bins - 1;

/** N monotone splines of [0, 1) onto itself, from raw numbers [3K − 1, N]; zeros are the identity. */
export function unitSplines(raw: np.Array, bins: number): RawSplines {
  const [widths, heights, derivatives] = leading(np.split(raw, [bins, 2 * bins], 0), 3);
  return { widths, heights, derivatives, shift: UNIT_DERIVATIVE, bound: HALF };
}

/** u = s(ε) in [0, 1) and log s′(ε), [N] each, of noise ε of any shape with N entries. */
export function bentNoise(noise: np.Array, splines: RawSplines): { u: np.Array; logDerivative: np.Array } {
  const { z, logDerivative } = ownForward(noise.reshape([-1]).sub(HALF), splines);
  return { u: np.clip(z.add(HALF), 0, LARGEST_FRACTION), logDerivative };
}
