import type { Predictive } from "./predictive.js";

/**
 * How far out a value lies in its distribution: the smallest q whose interval from the quantile (1 − q) / 2 to (1 + q) / 2
 * holds it. Beyond all points it is 1 and the distance from them, in widths of the interval between the outermost points.
 */
export function outwardness(prediction: Predictive, value: number): number {
  const [low, high, width] = endsOf(prediction);
  if (value < low) return 1 + (low - value) / width;
  if (value > high) return 1 + (value - high) / width;
  const { below, upTo } = prediction.ranks(value);
  return Math.max(1 - 2 * upTo, 2 * below - 1, 0);
}

/** The outermost points, and what lies between them. */
function endsOf({ points }: Predictive): [low: number, high: number, width: number] {
  const [low, high] = [points[0] as number, points.at(-1) as number];
  return [low, high, high - low || Math.max(Math.abs(low), 1)];
}

/** The values of at most this outwardness: an interval. */
export function intervalOf(prediction: Predictive, q: number): [low: number, high: number] {
  const [low, high, width] = endsOf(prediction);
  if (q > 1) return [low - (q - 1) * width, high + (q - 1) * width];
  // a hair above the lower edge, whose value itself belongs to the interval
  return [prediction.quantile((1 - q) / 2), prediction.quantile(Math.min((1 + q) / 2 + 1e-6, 1))];
}

/**
 * The outwardness that new rows have at most with the probability `level`: the ⌈(n + 1) level⌉-th smallest of n held-out
 * ones, Infinity where these are too few. Whatever the model is, rows like the held-out ones lie inside with that probability.
 *
 * Source: Vovk, Gammerman, Shafer 2005; Chernozhukov, Wüthrich, Zhu 2021 (arXiv:1909.07889).
 */
export function conformalLimit(heldOut: ArrayLike<number>, level: number): number {
  const sorted = Float64Array.from(heldOut).sort();
  const rank = Math.ceil((sorted.length + 1) * level - 1e-9);
  return rank > sorted.length ? Number.POSITIVE_INFINITY : (sorted[rank - 1] as number);
}

/** Held-out rows that an interval of this level needs at least. */
export const fewestFor = (level: number): number => Math.ceil(level / (1 - level) - 1e-9);
