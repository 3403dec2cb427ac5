import { middleAndSpread } from "./spaces.js";

/** Brings a score to the scale of others, by the scores of the training rows. */
export type Standardizer = (score: number) => number;

/**
 * z = (s − median) / (IQR / 1.349) over the training rows, then sign(z) log(1 + |z|): scores of different units can be
 * added, and none of them outweighs the others by its tail alone.
 */
export function standardizer(trainingScores: ArrayLike<number>): Standardizer {
  const { middle, spread } = middleAndSpread(Float64Array.from(trainingScores).sort());
  const scale = spread || 1;
  return (score) => {
    const z = (score - middle) / scale;
    return Math.sign(z) * Math.log1p(Math.abs(z));
  };
}

/** Scores of one kind: of the training rows, and of the rows that are judged. */
export type ScorePair = Readonly<{ training: ArrayLike<number>; rows: ArrayLike<number> }>;

/** The sum of standardized scores, a row each. No label enters. */
export function combineScores(kinds: readonly ScorePair[]): Float64Array {
  const combined = new Float64Array(kinds[0]?.rows.length ?? 0);
  for (const { training, rows } of kinds) {
    const standardize = standardizer(training);
    for (let i = 0; i < combined.length; i++) combined[i]! += standardize(rows[i]!);
  }
  return combined;
}
