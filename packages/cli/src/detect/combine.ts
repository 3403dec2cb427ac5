import { numpy as np } from "@jax-js/jax";
import type { PartName } from "./score-columns.js";
import { middleAndSpread, quantile } from "./spaces.js";

/** Beyond this, products with its reciprocal are no longer sure to be finite. */
const LARGE = 1e30;

/**
 * log x for x > 0, with a step of Newton behind it, y + x e^−y − 1: jax-js in WebAssembly has logarithms to 1e-5 and exponentials
 * to 1e-6, and scores have to agree in all engines.
 */
export function preciseLog(x: np.Array): np.Array {
  const y = np.log(x.ref);
  const step = np.minimum(x.ref, LARGE).mul(np.exp(y.ref.neg())).sub(1);
  return y.add(np.where(np.less(x, LARGE), step, 0));
}

/** Median and IQR / 1.349 of the scores of training rows, and the standardized score that one of them in a hundred reaches. */
export type Scale = Readonly<{ middle: number; spread: number; sure: number }>;
export type Scales = Readonly<Record<Exclude<PartName, "range">, Scale>>;

/** The share of training rows that no part is sure of. */
const USUAL = 0.99;

/** How often the distance to neighbours counts among contaminated rows, where an odd row may have odd neighbours. */
const FAR_WEIGHT = 3;

/** How much the surest part weighs. */
const SUREST_WEIGHT = 0.5;

/** How much a value beyond the range of its column weighs. */
const RANGE_WEIGHT = 2;

/** Scores without a spread have the spread 1. */
export function scaleOf(trainingScores: ArrayLike<number>): Scale {
  const ascending = Float64Array.from(trainingScores).sort();
  const { middle, spread } = middleAndSpread(ascending);
  const z = (quantile(ascending, USUAL) - middle) / (spread || 1);
  return { middle, spread: spread || 1, sure: Math.sign(z) * Math.log1p(Math.abs(z)) };
}

/**
 * z = (s − median) / (IQR / 1.349) over the training rows, then sign(z) log(1 + |z|): scores of different units can be
 * added, and none of them outweighs the others by its tail alone.
 */
export function standardize({ middle, spread }: Scale, scores: np.Array): np.Array {
  const z = scores.sub(middle).div(spread);
  return np.sign(z.ref).mul(preciseLog(np.abs(z).add(1)));
}

/** Scores of a part, [B]. */
type Part = Readonly<{ name: PartName; scores: np.Array }>;

/**
 * The sum of the standardized parts t, and two more terms. Half of max (t − q)⁺, with q the 99 % quantile of each part: parts
 * which find a row usual cannot hide that another is sure. And 2 log (1 + e) for values beyond the range of their columns.
 * No label enters. Consumes the scores.
 */
export function combined(parts: readonly Part[], scales: Scales, contaminated: boolean): np.Array {
  let sum: np.Array | undefined;
  let surest: np.Array | undefined;
  const add = (more: np.Array): void => {
    sum = sum === undefined ? more : sum.add(more);
  };
  for (const { name, scores } of parts) {
    if (name === "range") {
      add(preciseLog(scores.add(1)).mul(RANGE_WEIGHT));
      continue;
    }
    const scale = scales[name];
    const t = standardize(scale, scores);
    const beyond = np.maximum(t.ref.sub(scale.sure), 0);
    surest = surest === undefined ? beyond : np.maximum(surest, beyond);
    if (name !== "neighbours") add(t);
    else if (contaminated) add(t.mul(FAR_WEIGHT));
    else t.dispose();
  }
  return sum!.add(surest!.mul(SUREST_WEIGHT));
}
