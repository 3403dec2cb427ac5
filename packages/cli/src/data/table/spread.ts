import type { ColumnTally } from "./column-tally.js";

/** Bins of the small histogram. */
const BINS = 16;

/** Share of the rows that repeat a value from which on the values have steps. */
const REPEATED = 0.1;

/** Rows that an atom has at least, in those that another value has on average. */
const STANDS_OUT = 10;

/** Rows that an atom has at least, in those of the value next to it: the top of a smooth distribution is none. */
const STEEPEST = 3;

/** Steps of a grid of dates at most: float32 keeps the place of each, and noise between them. */
const STEPS = 2 ** 20;

/** The step between values that repeat, whether all values lie on a grid of this step, and another one on which dates lie. */
export type Gap = Readonly<{ gap: number; uneven?: true; grid?: number }>;

/**
 * The step over which noise is spread; 0 where values hardly repeat, or are too many to be counted. On a grid it is the
 * step of the grid; where there is none, the middle difference of the values: a single pair can be close by chance.
 *
 * @param atoms values that do not count: they have no noise
 */
export function gapOf(tally: ColumnTally, whole: boolean, atoms: readonly string[]): Gap {
  const { counts, kinds } = tally;
  const { grid, least, most } = tally.numbers();
  const areDates = kinds.date.count > 0;
  const others = areDates && grid > 0 ? { grid } : {};
  const rows = atoms.reduce(
    (left, value) => left - (counts.get(value) ?? 0),
    kinds.number.count + kinds.date.count,
  );
  const repeated = rows - (counts.size - atoms.length);
  if (!whole && (!tally.complete() || repeated < REPEATED * rows)) return { gap: 0, ...others };
  if (grid > 0 && !(areDates && most - least > STEPS * grid)) return { gap: grid };
  const values = [...new Set(tally.sample())].sort((a, b) => a - b);
  const steps = values
    .slice(1)
    .map((value, i) => value - values[i]!)
    .sort((a, b) => a - b);
  const gap = steps[Math.floor(steps.length / 2)] ?? 0;
  return gap > 0 ? { gap, uneven: true, ...others } : { gap, ...others };
}

/**
 * Of values that many rows share those that stand out, such as the zero of an amount: each of the others has far fewer rows, on
 * average, and so has each of the values next to it. Each has its own probability.
 */
export function atomsOf({ counts, kinds }: ColumnTally, spikes: readonly { value: string }[]): string[] {
  const rowsOf = (value: string): number => counts.get(value) ?? 0;
  const rows = spikes.reduce((left, { value }) => left - rowsOf(value), kinds.number.count);
  if (rows <= 0) return [];
  const each = rows / (counts.size - spikes.length);
  const candidates = spikes.map(({ value }) => value).filter((value) => rowsOf(value) >= STANDS_OUT * each);
  const others = [...counts.keys()].filter((value) => !candidates.includes(value));
  return candidates.filter((value) =>
    ([-1, 1] as const).every((side) => {
      const other = nearest(others, value, side);
      // a smooth distribution may be as steep from each candidate to the next
      const between = candidates.filter(
        (one) => side * (Number(one) - Number(value)) > 0 && side * (Number(other) - Number(one)) > 0,
      );
      return other === undefined || rowsOf(value) >= STEEPEST ** (1 + between.length) * rowsOf(other);
    }),
  );
}

/** Of texts of numbers that of the nearest number below (-1) or above (1) another one. */
function nearest(texts: readonly string[], to: string, side: -1 | 1): string | undefined {
  const distance = (text: string): number => side * (Number(text) - Number(to));
  let found: string | undefined;
  for (const text of texts)
    if (distance(text) > 0 && (found === undefined || distance(text) < distance(found))) found = text;
  return found;
}

/** Values of the sample in bins of the same width. */
export function histogramOf(tally: ColumnTally): number[] {
  const { least, most } = tally.numbers();
  const bins = new Array<number>(BINS).fill(0);
  for (const value of tally.sample())
    bins[Math.min(BINS - 1, Math.floor(((value - least) / (most - least || 1)) * BINS))]!++;
  return bins;
}
