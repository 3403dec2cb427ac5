import { makeRng } from "@flowify/core/layer";
import { type Block, type CellColumn, rowName } from "./block.js";
import {
  type CellKind,
  type CellReader,
  cellText,
  kindOfNumber,
  MILLISECONDS_PER_DAY,
  timeText,
} from "./cell.js";
import { LISTED } from "./table.js";
import { valueCounts } from "./value-counts.js";

/** Different values of a column that are counted one by one, and of all columns together: a table may have thousands. */
const DISTINCT = { least: 300, most: 10_000, all: 2_000_000 } as const;

/** Different values that are counted in each of so many columns. */
export const distinctLimit = (columns: number): number =>
  Math.max(DISTINCT.least, Math.min(DISTINCT.most, Math.ceil(DISTINCT.all / columns)));

/** Decimals that values of a grid have at most, the rounding of doubles, and the largest number of steps, also between whole numbers. */
const GRID = { decimals: 9, rounding: 2 ** -48, most: 2 ** 50, mostWhole: 2 ** 53 } as const;

/** Values that are kept for the histogram: a fair sample of all. */
const SAMPLED = 2000;

/** Where cells of a kind stand, the first five of them. */
type Places = { count: number; first: string[] };

/** What is counted of a column, a cell at a time, in memory that does not grow with the rows. */
export type ColumnTally = Readonly<{
  name: string;
  kinds: Readonly<Record<CellKind, Places>>;
  rows(): number;
  /** How often each value comes, as far as values are counted; `complete`: they are all. */
  readonly counts: ReadonlyMap<string, number>;
  complete(): boolean;
  /** Of numbers and dates. */
  numbers(): Readonly<{
    least: number;
    most: number;
    mean: number;
    std: number;
    whole: boolean;
    consecutive: boolean;
    /**
     * The largest number of which all differences are multiples, of dates in whole milliseconds; 0 where values have more
     * decimals.
     */
    grid: number;
    /** Decimals that all numbers have at most; undefined where they have many. */
    decimals: number | undefined;
    /** Significant digits that they have at most, where they are rounded to these, and lie on no grid. */
    digits: number | undefined;
  }>;
  sample(): readonly number[];
  /** Counts the cells of a block. */
  add(column: CellColumn, block: Block, reader: CellReader): void;
}>;

const newPlaces = (): Places => ({ count: 0, first: [] });

export function columnTally(name: string, seed: number, mostDistinct: number): ColumnTally {
  const rng = makeRng(seed);
  const kinds: Record<CellKind, Places> = {
    missing: newPlaces(),
    number: newPlaces(),
    "out of range": newPlaces(),
    boolean: newPlaces(),
    date: newPlaces(),
    text: newPlaces(),
  };
  let dates = false;
  const textOf = (value: number): string => cellText(dates ? timeText(value) : value);
  const counts = valueCounts(mostDistinct, textOf);
  const sample: number[] = [];
  let [rows, taken, mean, squares, previous] = [0, 0, 0, 0, Number.NaN];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [whole, consecutive] = [true, true];

  const grid = gridFinder(GRID.decimals);
  const times = gridFinder(0);
  /** Found when it is asked for, and kept until there are more numbers. */
  let rounding: { taken: number; digits?: number | undefined } = { taken: 0 };

  const addNumber = (value: number, isDate: boolean): void => {
    taken++;
    const delta = value - mean;
    mean += delta / taken;
    squares += delta * (value - mean);
    least = Math.min(least, value);
    most = Math.max(most, value);
    whole &&= Number.isInteger(value);
    consecutive &&= taken === 1 || value === previous + 1;
    previous = value;
    if (isDate) times.add(value * MILLISECONDS_PER_DAY);
    else grid.add(value);
    const place = taken <= SAMPLED ? taken - 1 : rng.integer(taken);
    if (place < SAMPLED) sample[place] = value;
  };

  /** What one cell is; `key`: by which equal cells are recognized. */
  const take = (kind: CellKind, value: number, key: string | number, block: Block, at: number): void => {
    const places = kinds[kind];
    places.count++;
    if (kind === "missing") return;
    if (places.first.length < LISTED) {
      const text = typeof key === "number" ? textOf(key) : key;
      places.first.push(`row ${rowName(block, at)} holds ${JSON.stringify(text.slice(0, 40))}`);
    }
    if (kind === "number" || kind === "date") addNumber(value, kind === "date");
    counts.add(key);
  };

  return {
    name,
    kinds,
    get counts() {
      return counts.byText();
    },
    rows: () => rows,
    complete: () => counts.complete(),
    numbers: () => {
      if (rounding.taken !== taken && kinds.date.count === 0)
        rounding = { taken, digits: significantDigits(sample, grid) };
      const { digits } = rounding;
      const step = digits === undefined ? grid.step() : 0;
      return {
        least,
        most,
        mean,
        std: Math.sqrt(squares / Math.max(1, taken)),
        whole,
        consecutive,
        grid: kinds.date.count > 0 ? times.step() / MILLISECONDS_PER_DAY : step,
        decimals: digits === undefined ? grid.decimals() : undefined,
        digits,
      };
    },
    sample: () => sample,
    add({ numbers, dates: areDates, at: cellAt }, block, reader) {
      rows += block.count;
      dates = areDates ?? false;
      for (let at = 0; at < block.count; at++) {
        if (numbers) {
          const value = numbers[at]!;
          const kind = dates && !Number.isNaN(value) ? "date" : kindOfNumber(value);
          take(kind, value, value, block, at);
          continue;
        }
        const cell = cellAt(at);
        const kind = reader.read(cell);
        take(kind, reader.value, kind === "missing" ? "" : cellText(cell), block, at);
      }
    },
  };
}

/** Finds the step of a grid that holds all numbers: the greatest common divisor of their differences, in decimal units. */
function gridFinder(mostDecimals: number): {
  add(value: number): void;
  step(): number;
  decimals(): number | undefined;
} {
  let [decimals, first, divisor] = [0, Number.NaN, 0];
  let even = true;
  const isWhole = (value: number): boolean =>
    Math.abs(value - Math.round(value)) <= GRID.rounding * Math.abs(value);
  return {
    add(value) {
      if (!even) return;
      if (Number.isNaN(first)) first = value;
      while (!(isWhole(value * 10 ** decimals) && isWhole(first * 10 ** decimals))) {
        decimals++;
        divisor *= 10;
        if (decimals > mostDecimals) break;
      }
      const steps = Math.abs(Math.round(value * 10 ** decimals) - Math.round(first * 10 ** decimals));
      even = decimals <= mostDecimals && steps <= (decimals === 0 ? GRID.mostWhole : GRID.most);
      divisor = commonDivisor(divisor, steps);
    },
    step: () => (even ? divisor / 10 ** decimals : 0),
    decimals: () => (even ? decimals : undefined),
  };
}

/** Decimals from which on numbers may be rounded to significant digits, and how much finer their grid is than these. */
const ROUNDED = { decimals: 4, finer: 10, middle: [0.1, 0.9] } as const;

/**
 * Digits of numbers that are rounded to these, such as 1.2346 and 0.00012346: nearly all of them lie on far coarser grids than the
 * smallest ones. Also of numbers without any grid.
 */
function significantDigits(
  sample: readonly number[],
  grid: ReturnType<typeof gridFinder>,
): number | undefined {
  const [step, decimals = ROUNDED.decimals] = [grid.step(), grid.decimals()];
  if (decimals < ROUNDED.decimals) return undefined;
  const sorted = sample.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = ROUNDED.middle.map((share) => sorted[Math.floor(share * sorted.length)] ?? 0);
  const digits = sample.reduce(
    (most, value) => Math.max(most, value.toExponential().replace(/e.*|\D/g, "").length),
    1,
  );
  return high - low > step * ROUNDED.finer * 10 ** digits ? digits : undefined;
}

function commonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
