import type { ColumnTally } from "./column-tally.js";

/** Bins of the small histogram. */
const BINS = 16;

/** Share of the rows that repeat a value from which on the values have steps. */
const REPEATED = 0.1;

/**
 * The step between values that repeat; 0 where they hardly do, or are too many to be counted. Of integers it is their
 * smallest difference, of others the middle one: there a single pair can be close by chance.
 */
export function gapOf(tally: ColumnTally, whole: boolean): number {
  const { counts, kinds } = tally;
  if (whole && !tally.complete()) return 1;
  const rows = kinds.number.count + kinds.date.count;
  if (!whole && (!tally.complete() || rows - counts.size < REPEATED * rows)) return 0;
  const values = [...new Set(tally.sample())].sort((a, b) => a - b);
  const steps = values
    .slice(1)
    .map((value, i) => value - values[i]!)
    .sort((a, b) => a - b);
  return (whole ? steps[0] : steps[Math.floor(steps.length / 2)]) ?? 0;
}

/** Values of the sample in bins of the same width. */
export function histogramOf(tally: ColumnTally): number[] {
  const { least, most } = tally.numbers();
  const bins = new Array<number>(BINS).fill(0);
  for (const value of tally.sample())
    bins[Math.min(BINS - 1, Math.floor(((value - least) / (most - least || 1)) * BINS))]!++;
  return bins;
}
