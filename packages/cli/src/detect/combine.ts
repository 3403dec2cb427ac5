import { middleAndSpread } from "./spaces.js";

/** Median and IQR / 1.349 of the scores of training rows. */
export type Scale = Readonly<{ middle: number; spread: number }>;

/** Scores without a spread have the spread 1. */
export function scaleOf(trainingScores: ArrayLike<number>): Scale {
  const { middle, spread } = middleAndSpread(Float64Array.from(trainingScores).sort());
  return { middle, spread: spread || 1 };
}

/**
 * z = (s − median) / (IQR / 1.349) over the training rows, then sign(z) log(1 + |z|): scores of different units can be
 * added, and none of them outweighs the others by its tail alone.
 */
export function standardize({ middle, spread }: Scale, score: number): number {
  const z = (score - middle) / spread;
  return Math.sign(z) * Math.log1p(Math.abs(z));
}

/** Scores of a kind, their scale among training rows, and how often they count. */
type Part = Readonly<{ scores: ArrayLike<number>; scale: Scale; weight?: number }>;

/** The sum of standardized scores, a row each. No label enters. */
export function combineScores(parts: readonly Part[]): Float64Array {
  const combined = new Float64Array(parts[0]?.scores.length ?? 0);
  for (const { scores, scale, weight = 1 } of parts)
    for (let i = 0; i < combined.length; i++) combined[i]! += weight * standardize(scale, scores[i]!);
  return combined;
}
