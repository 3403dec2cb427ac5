import type { ColumnTally } from "./column-tally.js";

/** Bins of the small histogram. */
const BINS = 16;

/** Share of the rows that repeat a value from which on the values have steps. */
const REPEATED = 0.1;

/** The step between values that repeat, and whether all values lie on a grid of this step. */
export type Gap = Readonly<{ gap: number; uneven?: true }>;

/**
 * The step over which noise is spread; 0 where values hardly repeat, or are too many to be counted. On a grid it is the
 * step of the grid; where there is none, the middle difference of the values: a single pair can be close by chance.
 */
export function gapOf(tally: ColumnTally, whole: boolean): Gap {
  const { counts, kinds } = tally;
  const { grid } = tally.numbers();
  const rows = kinds.number.count + kinds.date.count;
  if (!whole && (!tally.complete() || rows - counts.size < REPEATED * rows)) return { gap: 0 };
  if (grid > 0) return { gap: grid };
  const values = [...new Set(tally.sample())].sort((a, b) => a - b);
  const steps = values
    .slice(1)
    .map((value, i) => value - values[i]!)
    .sort((a, b) => a - b);
  const gap = steps[Math.floor(steps.length / 2)] ?? 0;
  return gap > 0 ? { gap, uneven: true } : { gap };
}

/** Values of the sample in bins of the same width. */
export function histogramOf(tally: ColumnTally): number[] {
  const { least, most } = tally.numbers();
  const bins = new Array<number>(BINS).fill(0);
  for (const value of tally.sample())
    bins[Math.min(BINS - 1, Math.floor(((value - least) / (most - least || 1)) * BINS))]!++;
  return bins;
}
