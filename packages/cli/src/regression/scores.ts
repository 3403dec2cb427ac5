import type { Predictive } from "./predictive.js";

/** Intervals that coverage is looked at. */
export const LEVELS = [0.5, 0.8, 0.95] as const;

/** How good predictions of values were; means over the rows. */
export type Scores = Readonly<{
  rows: number;
  /** log p of the values in nats; of numbers a density per unit, of others a probability. */
  logProb: number;
  /** Continuous ranked probability score, in the unit of the values. */
  crps: number;
  /** Of the means. */
  rmse: number;
  /** The share of the values whose rank lies within the central 50, 80 and 95 %. */
  coverage: readonly number[];
  /** The rank of each value in its distribution, from 0 to 1: uniform where the distributions are right (PIT). */
  ranks: readonly number[];
}>;

/** Scores of predictions, one for each value. */
export function scoresOf(
  predictions: readonly Predictive[],
  values: ArrayLike<number>,
  logProb: ArrayLike<number>,
): Scores {
  const rows = predictions.length;
  const mean = (of: (prediction: Predictive, value: number) => number): number =>
    predictions.reduce((sum, prediction, i) => sum + of(prediction, values[i] as number) / rows, 0);
  const ranks = predictions.map((prediction, i) => spreadRank(prediction, values[i] as number, i));
  return {
    rows,
    logProb: Array.from(logProb).reduce((a, b) => a + b / rows, 0),
    crps: mean((prediction, value) => prediction.crps(value)),
    rmse: Math.sqrt(mean((prediction, value) => (prediction.mean - value) ** 2)),
    coverage: LEVELS.map(
      (level) => ranks.filter((rank) => Math.abs(rank - 0.5) <= level / 2).length / ranks.length,
    ),
    ranks,
  };
}

/** Places in an interval that spread evenly, one after another. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The rank of a value, evenly spread over the probability of the value itself, so that ranks of whole numbers are uniform as
 * well where the distributions are right. Source: Czado, Gneiting, Held 2009, section 2.1.
 */
function spreadRank(prediction: Predictive, value: number, i: number): number {
  const { below, upTo } = prediction.ranks(value);
  return below + (upTo - below) * (((i + 1) * GOLDEN) % 1);
}
