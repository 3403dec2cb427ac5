import { valueAt } from "../places.js";
import { rowOf, takeRows } from "../rows.js";
import { meanWithError } from "../statistics.js";
import { gaussianLog, linearGaussian, linearMean } from "./linear-gaussian.js";

/** Examples that lines are fitted to or judged by, at most. */
const MOST_EXAMPLES = 5000;

/** Examples, one after another: what is given of each [n, width], and its value. */
export type Examples = Readonly<{ condition: Float32Array; width: number; values: Float32Array }>;

export const among = ({ condition, width, values }: Examples, places: ArrayLike<number>): Examples => ({
  width,
  condition: takeRows(condition, width, places),
  values: takeRows(values, 1, places),
});

/** The examples, or so many of them that lie evenly in their order, for tables are often sorted. */
export function someOf(examples: Examples): Examples {
  const count = examples.values.length;
  const taken = Math.min(count, MOST_EXAMPLES);
  return among(
    examples,
    Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken)),
  );
}

/** Parts of a series that lines are judged by: each by the rows before it alone. */
const PARTS = 5;

/**
 * Whether the level of a series, feature `level`, says anything of its next step: lines that see it must be better than lines
 * that do not, by two standard errors on later stretches. It says nothing of a random walk, and whoever learned from it is lost
 * at new levels.
 */
export function levelSays(examples: Examples, level: number): boolean {
  const { condition, width, values } = examples;
  const blind = { ...examples, condition: withoutFeature(condition, width, level) };
  const length = Math.floor(values.length / (2 * PARTS));
  const stretch = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const gains: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    const from = values.length - (PARTS - part) * length;
    const train = stretch(Math.max(0, from - MOST_EXAMPLES), from);
    const judged = among(examples, stretch(from, from + length));
    const [seeing, blinded] = [examples, blind].map((all) => {
      const { condition, values } = among(all, train);
      const line = linearGaussian(condition, width, values);
      return Array.from(judged.values, (value, i) =>
        gaussianLog(value, linearMean(line, rowOf(judged.condition, i, width)), line.std),
      );
    }) as [number[], number[]];
    gains.push(...seeing.map((log, i) => log - valueAt(blinded, i)));
  }
  const { mean, stdErr } = meanWithError(gains);
  return mean > 2 * stdErr;
}

/** Rows [n, width] in which a feature is the same everywhere: nothing is learned from it. */
export const withoutFeature = (rows: Float32Array, width: number, feature: number): Float32Array =>
  rows.map((value, i) => (i % width === feature ? 0 : value));
