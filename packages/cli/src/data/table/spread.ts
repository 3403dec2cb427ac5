import { heaping } from "@flowify/core/internal";
import { sum } from "d3-array";
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
  const all = tally.complete() && !areDates ? [...counts.keys()].map(Number) : tally.sample();
  const values = [...new Set(all)].sort((a, b) => a - b);
  const steps = values
    .slice(1)
    .map((value, i) => value - values[i]!)
    .sort((a, b) => a - b);
  const common = areDates || !tally.complete() ? undefined : commonStep(values, steps[0] ?? 0);
  if (common !== undefined) return { gap: common };
  const gap = steps[Math.floor(steps.length / 2)] ?? 0;
  return gap > 0 ? { gap, uneven: true, ...others } : { gap, ...others };
}

/** Steps between the least and the most of doubles with a common step, at most, and what a value may lie beside it, in steps. */
const COMMON = { steps: 2 ** 14, beside: 1e-3 } as const;

/**
 * The step of rising values that have many decimals, such as whole numbers that were scaled to a standard deviation of 1, or any two
 * values.
 *
 * @param least the smallest difference of two of them
 */
function commonStep(values: readonly number[], least: number): number | undefined {
  const [first = 0, last = 0] = [values[0], values.at(-1)];
  const width = last - first;
  for (let part = 1; least > 0 && (part * width) / least <= COMMON.steps; part++) {
    const step = width / Math.round((part * width) / least);
    const isOn = (value: number): boolean => {
      const place = (value - first) / step;
      return Math.abs(place - Math.round(place)) <= COMMON.beside;
    };
    if (values.every(isOn)) return step;
  }
  return undefined;
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

/**
 * Most values of which each has a probability and fewest rows of each, on average: of values at least two steps apart, of any, and of those
 * with many decimals.
 */
const LEVELS = {
  apart: { most: 20, rows: 10, steps: 2 },
  close: { most: 12, rows: 150, steps: 0 },
  scaled: { most: 12, rows: 10, steps: 0 },
} as const;

/** All values, rising, of numbers that are few and far apart, such as the prices of tickets, or few for so many rows; none of others. */
export function levelsOf(tally: ColumnTally, { gap, uneven }: Gap): number[] {
  const { counts, kinds } = tally;
  const { grid, least, most } = tally.numbers();
  const are = ({ most: values, rows, steps }: (typeof LEVELS)[keyof typeof LEVELS]): boolean =>
    counts.size <= values &&
    kinds.number.count >= rows * counts.size &&
    most - least >= steps * counts.size * gap;
  const onGrid = gap > 0 && !uneven && kinds.date.count === 0;
  return onGrid && (are(LEVELS.apart) || are(LEVELS.close) || (grid === 0 && are(LEVELS.scaled)))
    ? [...counts.keys()].map(Number).sort((a, b) => a - b)
    : [];
}

/** Steps of cycles that are looked for: days of a week; digits at the end of a number, such as cents. With those of 1, at most so many. */
const CYCLES = { date: [7], number: [10, 100], most: 100 } as const;

/** Pieces of a grid of at most so many steps on which values heap: where they say as much as a cycle, it is none. On finer ones the ends of all columns of a row go together. */
const HEAPED = { pieces: 1000, steps: 2 ** 15 } as const;

/** Least gain by a cycle, in nats a value, and most of its steps where it is one: four cycles lie within the middle eight tenths. */
const CYCLE = { gain: 0.1, within: 4, middle: [0.1, 0.9] } as const;

/**
 * Steps of the grid after which a pattern of the values begins again: the places in it of the lower half of the values make those of the
 * upper half likelier, and the other way round. Undefined where there is none.
 */
export function cycleOf(tally: ColumnTally): number | undefined {
  const { grid, least } = tally.numbers();
  const areDates = tally.kinds.date.count > 0;
  if (grid === 0 || (areDates && grid !== 1)) return undefined;
  const sampled = tally.sample().map((value) => Math.round((value - least) / grid));
  const steps = sampled.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = CYCLE.middle.map((share) => steps[Math.floor(share * steps.length)] ?? 0);
  const halves = [steps.slice(0, steps.length / 2), steps.slice(steps.length / 2)] as const;
  const gainOf = (period: number): number => {
    const [lower, upper] = halves.map((half) => {
      const counts = new Array<number>(period).fill(0);
      for (const step of half) counts[step % period]!++;
      return counts;
    }) as [number[], number[]];
    const gain = (by: number[], of: number[]): number => {
      const [all, rows] = [sum(by), sum(of)];
      return sum(
        of.map((count, r) => (count / rows) * Math.log((period * (by[r]! + 0.5)) / (all + 0.5 * period))),
      );
    };
    return Math.min(gain(lower, upper), gain(upper, lower));
  };
  const one = Math.round(1 / grid);
  const isWhole = Math.abs(one * grid - 1) < 1e-9 && one > 1 && one <= CYCLES.most;
  const periods = areDates ? CYCLES.date : [...new Set([...(isWhole ? [one] : []), ...CYCLES.number])];
  const found = periods
    .filter((period) => high - low >= CYCLE.within * period)
    .map((period) => ({ period, gain: gainOf(period) }))
    .filter(({ gain }) => gain >= CYCLE.gain)
    .toSorted((a, b) => b.gain - a.gain);
  const [best] = found;
  const isCoarse = !areDates && (steps.at(-1) ?? 0) <= HEAPED.steps;
  return best && isCoarse && (heaping(sampled, HEAPED.pieces, false)?.gain ?? 0) >= best.gain
    ? undefined
    : best?.period;
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
