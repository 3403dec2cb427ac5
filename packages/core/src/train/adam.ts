import { numpy as np } from "@jax-js/jax";

/** Decay rates and floor of Adam; the defaults are the paper's (Kingma and Ba 2015). */
export const BETA1 = 0.9;
export const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * What a moment gets at each step beside the gradient, far below the last digit of any that matters. Without it those of a parameter
 * that gets no gradient any more fall below 1e-38 after some hundred steps, and processors need a hundred times as long for such numbers.
 */
export const TINY = 1e-30;

/** Moments of one parameter, unnormalized: M = Σ β₁^k g, V = Σ β₂^k g². Of a kernel that Muon moves: M alone. */
export type Moments<T = np.Array> = { first: T; second?: T };

/** The two scalars that a step needs, from the step size and the number of steps taken before. */
export type AdamScalars = { rate: np.Array; floor: np.Array };

/**
 * Bias corrections and the (1 − β) factors of Adam folded into two scalars, computed in float64 on
 * the host: with m̂ = (1−β₁) M / (1−β₁ᵗ) and v̂ = (1−β₂) V / (1−β₂ᵗ),
 *
 *     lr · m̂ / (√v̂ + ε)  =  rate · M / (√V + floor)
 *
 * so that a step makes two passes less over every parameter.
 */
export function adamScalars(lr: number, t: number): { rate: number; floor: number } {
  const first = (1 - BETA1) / (1 - BETA1 ** (t + 1));
  const second = Math.sqrt((1 - BETA2 ** (t + 1)) / (1 - BETA2));
  return { rate: lr * first * second, floor: EPSILON * second };
}

/** New moments and the direction M / (√V + floor) for a gradient. Consumes all but the scalar. */
export function adamDirection(
  { first, second }: Required<Moments>,
  gradient: np.Array,
  floor: np.Array,
): { moments: Required<Moments>; direction: np.Array } {
  const m = first.mul(BETA1).add(TINY).add(gradient.ref);
  const v = second.mul(BETA2).add(np.square(gradient));
  const direction = m.ref.div(np.sqrt(v.ref).add(floor.ref));
  return { moments: { first: m, second: v }, direction };
}
