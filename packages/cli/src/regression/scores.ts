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
  /** The share of the values within the central intervals of 50, 80 and 95 %. */
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
  return {
    rows,
    logProb: Array.from(logProb).reduce((a, b) => a + b / rows, 0),
    crps: mean((prediction, value) => prediction.crps(value)),
    rmse: Math.sqrt(mean((prediction, value) => (prediction.mean - value) ** 2)),
    coverage: LEVELS.map((level) =>
      mean((prediction, value) =>
        prediction.quantile((1 - level) / 2) <= value && value <= prediction.quantile((1 + level) / 2)
          ? 1
          : 0,
      ),
    ),
    ranks: predictions.map((prediction, i) => prediction.rank(values[i] as number)),
  };
}
