import { type Grid, gridOf } from "../../data/table/grid.js";
import type { Ends } from "../../pictures/series.js";
import { quantile } from "../../statistics.js";
import { columnValues, type TableColumn } from "../../tables/columns/kinds.js";
import { compareCounts, kolmogorovSmirnov, type TwoSample } from "./two-sample.js";

/** Encoded rows of one kind: those of training, generated ones, those of a new file. */
export type RowGroup = Readonly<{ name: string; rows: Float32Array }>;

/** One column in several groups of rows. */
export type ColumnView = Readonly<{
  name: string;
  /** Ends of the bins of numbers, one more than bins; names of categories. */
  bins: Readonly<{ edges: readonly number[]; isDate: boolean }> | Readonly<{ names: readonly string[] }>;
  groups: readonly Readonly<{
    name: string;
    /** Shares of the values that are there. */
    shares: readonly number[];
    /** Share of the rows without a value. */
    missing: number;
    /** How far the group is from the first one; of numbers Kolmogorov and Smirnov's D, of categories the total variation. */
    difference: TwoSample;
  }>[];
}>;

const BINS = 24;
/** The bins leave so many of the first group out at each end, where all of it would need so much more space. */
const [OUTSIDE, WIDER] = [0.005, 1.1];
/** Of quotients that are whole numbers but for their rounding. */
const ROUNDING = 1e-6;
/** Categories that are shown; the others count as one. */
const CATEGORIES = 8;

/** Looks at a column in groups of rows [n, width]; the first group decides the bins. */
export function viewColumn(column: TableColumn, groups: readonly RowGroup[], width: number): ColumnView {
  const values = groups.map(({ name, rows }) => ({ name, values: columnValues(column, rows, width) }));
  const { name, range, type } = column.found;
  if (!range)
    return {
      name,
      ...viewCategories(values.map((group) => ({ ...group, values: group.values.map(String) }))),
    };
  return { name, ...viewNumbers(values, type === "date", gridOf(column.found)) };
}

function viewNumbers(
  groups: readonly Readonly<{ name: string; values: readonly unknown[] }>[],
  isDate: boolean,
  grid: Grid | undefined,
): Omit<ColumnView, "name"> {
  const numeric = groups.map(({ name, values }) => ({
    name,
    all: values.length,
    numbers: values.filter((value) => typeof value === "number"),
  }));
  const first = numeric[0]?.numbers ?? [];
  const ends = endsOf(Float64Array.from(first).sort());
  const { low, width, count } = grid ? gridBins(ends, grid) : evenBins(ends);
  const binOf = (value: number): number =>
    Math.min(count - 1, Math.max(0, Math.floor((value - low) / width)));
  return {
    bins: { edges: Array.from({ length: count + 1 }, (_, i) => low + i * width), isDate },
    groups: numeric.map(({ name, all, numbers }) => {
      const counts = new Map<number, number>();
      for (const value of numbers) counts.set(binOf(value), (counts.get(binOf(value)) ?? 0) + 1);
      return {
        name,
        shares: Array.from({ length: count }, (_, bin) => (counts.get(bin) ?? 0) / (numbers.length || 1)),
        missing: 1 - numbers.length / all,
        difference: kolmogorovSmirnov(first, numbers),
      };
    }),
  };
}

type Bins = Readonly<{ low: number; width: number; count: number }>;

/** What lies beyond the ends would be a heap in the outermost bins: nothing does where the values end nearby. */
function endsOf(ascending: Float64Array): Ends {
  const [least, largest] = [ascending[0], ascending.at(-1)];
  if (least === undefined || largest === undefined) return [0, 1];
  const most = [quantile(ascending, OUTSIDE), quantile(ascending, 1 - OUTSIDE)] as const;
  return largest - least <= WIDER * (most[1] - most[0]) ? [least, largest] : most;
}

function evenBins([low, high]: Ends): Bins {
  return { low, width: (high - low) / BINS || 1 / BINS, count: BINS };
}

/** Bins with as many values of a grid each, and edges between two of them: no bin is empty or full because of where it lies. */
function gridBins([low, high]: Ends, { least, step }: Grid): Bins {
  const first = Math.floor((low - least) / step + ROUNDING);
  const values = Math.ceil((high - least) / step - ROUNDING) - first + 1;
  const fewest = Math.ceil(values / BINS);
  // of a few sizes that which leaves the fewest places of the last bin beyond the values
  const sizes = Array.from({ length: Math.min(fewest, BINS) + 1 }, (_, i) => fewest + i);
  const spare = (size: number): number => Math.ceil(values / size) * size - values;
  const size = sizes.reduce((best, each) => (spare(each) < spare(best) ? each : best));
  return { low: least + (first - 0.5) * step, width: size * step, count: Math.ceil(values / size) };
}

function viewCategories(
  groups: readonly Readonly<{ name: string; values: readonly string[] }>[],
): Omit<ColumnView, "name"> {
  const counted = groups.map(({ name, values }) => {
    const counts = new Map<string, number>();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return { name, all: values.length, of: (text: string): number => counts.get(text) ?? 0, counts };
  });
  const [first] = counted;
  const texts = [...new Set(counted.flatMap(({ counts }) => [...counts.keys()]))];
  const countIn = (group: typeof first): number[] => texts.map((text) => group?.of(text) ?? 0);
  const frequent = texts.toSorted((a, b) => (first?.of(b) ?? 0) - (first?.of(a) ?? 0));
  const [shown, rest] = [frequent.slice(0, CATEGORIES), frequent.slice(CATEGORIES)];
  return {
    bins: { names: rest.length > 0 ? [...shown, `${rest.length} others`] : shown },
    groups: counted.map((group) => {
      const share = (some: readonly string[]): number =>
        some.reduce((sum, text) => sum + group.of(text), 0) / group.all;
      return {
        name: group.name,
        shares: [...shown.map((text) => share([text])), ...(rest.length > 0 ? [share(rest)] : [])],
        missing: 0,
        difference: compareCounts(countIn(first), countIn(group)),
      };
    }),
  };
}
