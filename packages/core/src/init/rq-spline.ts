import { normalCdf, normalQuantile } from "../math/normal.js";
import { unnormalizedSpline } from "../math/spline-parameters.js";
import { sizeOf } from "../shape.js";
import type { CalibrationData } from "./calibration-data.js";
import { countBelow } from "./empirical-distribution.js";

/** Initial slopes at the knots stay within this factor of 1: otherwise a few entries would determine them. */
const STEEPEST = 100;

/** Most entries for the initialization. */
const ENTRIES = 200_000;

/** Every k-th entry of the examples. */
export async function someEntries(examples: CalibrationData): Promise<Float32Array> {
  const total = examples.count * sizeOf(examples.shape);
  const every = Math.max(1, Math.ceil(total / ENTRIES));
  const found = new Float32Array(Math.ceil(total / every));
  let seen = 0;
  let taken = 0;
  for await (const data of examples.parts()) {
    for (let i = taken * every - seen; i < data.length; i += every) found[taken++] = data[i] as number;
    seen += data.length;
  }
  return found;
}

/**
 * Initialization of a shared spline from its real inputs: the spline that maps their distribution inside [−bound,
 * bound] to the normal one, as well as K bins can. Half of the bins' width follows the mass, half the axis, so that
 * neither a spike nor an empty interval takes all bins.
 */
export function initSpline(
  entries: Float32Array,
  bins: number,
  bound: number,
): { widths: Float32Array; heights: Float32Array; derivatives: Float32Array } | undefined {
  const inside = entries.filter((x) => Math.abs(x) < bound);
  if (inside.length < 10 * bins) return undefined; // too few entries
  const sorted = Float64Array.from(inside).sort();
  const knots = quantileKnots(sorted, bins, bound);
  const values = knots.map((x) => target(massBelow(sorted, x), bound));
  const widths = knots.slice(1).map((x, k) => x - (knots[k] as number));
  const heights = values.slice(1).map((y, k) => y - (values[k] as number));
  // with many equal entries, knots coincide
  const slopes = widths.map((w, k) => (w > 0 ? (heights[k] as number) / w : 1));
  const derivatives = slopes.slice(1).map((s, k) => {
    const mean = Math.sqrt(s * (slopes[k] as number));
    return Math.min(Math.max(mean, 1 / STEEPEST), STEEPEST);
  });
  return unnormalizedSpline(widths, heights, derivatives);
}

/** F(x): the share of the entries below x, with half an entry at either end so that it is never 0 or 1. */
const massBelow = (sorted: Float64Array, x: number): number =>
  (countBelow(sorted, x) + 0.5) / (sorted.length + 1);

/** The point of [−bound, bound] below which the normal distribution there has mass p. */
function target(p: number, bound: number): number {
  const edge = normalCdf(-bound);
  return normalQuantile(edge + p * (1 - 2 * edge));
}

/** K + 1 ends of bins: equal steps of ½ F(x) + ½ (x + bound) / 2 bound, by bisection. */
function quantileKnots(sorted: Float64Array, bins: number, bound: number): number[] {
  const level = (x: number): number => 0.5 * massBelow(sorted, x) + (0.25 * (x + bound)) / bound;
  return Array.from({ length: bins + 1 }, (_, k) => {
    if (k === 0) return -bound;
    if (k === bins) return bound;
    let [low, high] = [-bound, bound];
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2;
      if (level(middle) < k / bins) low = middle;
      else high = middle;
    }
    return high;
  });
}
