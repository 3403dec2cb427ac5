/** Densities with few hidden numbers: the laws hold at any size, and each costs a law's time in float64. */
import type { ConditionalDensity } from "../../src/densities/conditional.js";
import { gaussian } from "../../src/densities/gaussian.js";
import { type MixtureOptions, mixture } from "../../src/densities/mixture.js";

const hidden = [8, 8];

export const narrow = (size: number, context: number): ConditionalDensity =>
  gaussian(size, context, { hidden });

export const narrowMixture = (
  size: number,
  context: number,
  options: MixtureOptions = {},
): ConditionalDensity => mixture(size, context, { hidden, ...options });
