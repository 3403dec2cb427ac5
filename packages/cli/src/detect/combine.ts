import { log } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { quantile } from "../statistics.js";
import { LEARNT_PARTS, type PartName } from "./score-columns.js";
import { middleAndSpread } from "./spaces.js";

/** Median and IQR / 1.349 of the scores of training rows, the standardized score that one of them in a hundred reaches, and how much it weighs. */
export type Scale = Readonly<{ middle: number; spread: number; sure: number; weight: number }>;
export type Scales = Readonly<Record<Exclude<PartName, "range">, Scale>>;

/** How much parts weigh where nothing is learned of it: among contaminated rows an odd row may have odd neighbours. */
export const usualWeights = (contaminated: boolean): Readonly<Record<keyof Scales, number>> => ({
  flow: 1,
  robust: 1,
  mixed: 1,
  neighbours: contaminated ? 4 : 0,
});

/** The share of training rows that no part is sure of. */
const USUAL = 0.99;

/** How much the surest part weighs. */
const SUREST_WEIGHT = 0.5;

/** How much a value beyond the range of its column weighs. */
const RANGE_WEIGHT = 2;

/** Scores without a spread have the spread 1. */
export function scaleOf(trainingScores: ArrayLike<number>, weight: number): Scale {
  const ascending = Float64Array.from(trainingScores).sort();
  const { middle, spread } = middleAndSpread(ascending);
  const z = (quantile(ascending, USUAL) - middle) / (spread || 1);
  return { middle, spread: spread || 1, sure: Math.sign(z) * Math.log1p(Math.abs(z)), weight };
}

/** By one scale, or by a row of them. */
type Standard = Readonly<Record<"middle" | "spread", number | np.Array>>;

/**
 * z = (s − median) / (IQR / 1.349) over the training rows, then sign(z) log(1 + |z|): scores of different units can be
 * added, and none of them outweighs the others by its tail alone.
 */
export function standardize({ middle, spread }: Standard, scores: np.Array): np.Array {
  const z = scores.sub(middle).div(spread);
  return np.sign(z.ref).mul(log(np.abs(z).add(1)));
}

/** Scores of a part, [B]. */
type Part = Readonly<{ name: PartName; scores: np.Array }>;

/** A score that no part reaches. */
const UNREACHED = 1e30;

/** How a part is standardized: values beyond a range are counts, and no part that could be sure. */
const scaleFor = (name: PartName, scales: Scales): Scale =>
  name === "range" ? { middle: 0, spread: 1, sure: UNREACHED, weight: RANGE_WEIGHT } : scales[name];

/**
 * The weighted sum of the standardized parts t, and two more terms. Half of max (t − q)⁺, with q the 99 % quantile of each part: parts
 * which find a row usual cannot hide that another is sure. And 2 log (1 + e) for values beyond the range of their columns.
 * All of it is divided by the largest learned weight, which would else enlarge the rounding of its part.
 * No label enters. Consumes the scores.
 */
export function combined(parts: readonly Part[], scales: Scales): np.Array {
  const own = parts.map(({ name }) => scaleFor(name, scales));
  const row = (of: (scale: Scale) => number): np.Array => np.array([own.map(of)]); // [1, parts]
  const all = np.stack(
    parts.map(({ scores }) => scores),
    1,
  ); // [B, parts]
  const standard = { middle: row(({ middle }) => middle), spread: row(({ spread }) => spread) };
  const t = standardize(standard, all);
  const beyond = np.max(np.maximum(t.ref.sub(row(({ sure }) => sure)), 0), 1);
  const most = Math.max(...LEARNT_PARTS.map((name) => scales[name].weight));
  const sum = np.sum(t.mul(row(({ weight }) => weight)), 1).add(beyond.mul(SUREST_WEIGHT));
  return most === 1 ? sum : sum.div(most);
}
