import type { ColumnSlot } from "../../data/table/encode-rows.js";
import { quantile } from "../../detect/spaces.js";
import { columnValues } from "./column-values.js";
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
/** The bins leave so many of the first group out at each end: what lies beyond counts in the outermost bins. */
const OUTSIDE = 0.005;
/** Categories that are shown; the others count as one. */
const CATEGORIES = 8;

/** Looks at a column in groups of rows [n, width]; the first group decides the bins. */
export function viewColumn(slot: ColumnSlot, groups: readonly RowGroup[], width: number): ColumnView {
  const values = groups.map(({ name, rows }) => ({ name, values: columnValues(slot, rows, width) }));
  const { name, range, type } = slot.column;
  if (!range)
    return {
      name,
      ...viewCategories(values.map((group) => ({ ...group, values: group.values.map(String) }))),
    };
  return { name, ...viewNumbers(values, type === "date") };
}

function viewNumbers(
  groups: readonly Readonly<{ name: string; values: readonly unknown[] }>[],
  isDate: boolean,
): Omit<ColumnView, "name"> {
  const numbers = groups.map(({ values }) => values.filter((value) => typeof value === "number"));
  const ascending = Float64Array.from(numbers[0]!).sort();
  const [low, high] =
    ascending.length === 0 ? [0, 1] : [quantile(ascending, OUTSIDE), quantile(ascending, 1 - OUTSIDE)];
  const step = (high - low) / BINS || 1 / BINS;
  return {
    bins: { edges: Array.from({ length: BINS + 1 }, (_, i) => low + i * step), isDate },
    groups: groups.map(({ name, values }, i) => {
      const shares = new Array<number>(BINS).fill(0);
      for (const value of numbers[i]!)
        shares[Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / step)))]! += 1 / numbers[i]!.length;
      return {
        name,
        shares,
        missing: 1 - numbers[i]!.length / values.length,
        difference: kolmogorovSmirnov(numbers[0]!, numbers[i]!),
      };
    }),
  };
}

function viewCategories(
  groups: readonly Readonly<{ name: string; values: readonly string[] }>[],
): Omit<ColumnView, "name"> {
  const counts = groups.map(({ values }) => {
    const found = new Map<string, number>();
    for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
    return found;
  });
  const all = [...new Set(counts.flatMap((each) => [...each.keys()]))];
  const frequent = [...all].sort((a, b) => (counts[0]!.get(b) ?? 0) - (counts[0]!.get(a) ?? 0));
  const [shown, rest] = [frequent.slice(0, CATEGORIES), frequent.slice(CATEGORIES)];
  const tables = counts.map((each) => all.map((name) => each.get(name) ?? 0));
  return {
    bins: { names: rest.length > 0 ? [...shown, `${rest.length} others`] : shown },
    groups: groups.map(({ name, values }, i) => {
      const share = (names: readonly string[]): number =>
        names.reduce((sum, each) => sum + (counts[i]!.get(each) ?? 0), 0) / values.length;
      return {
        name,
        shares: [...shown.map((each) => share([each])), ...(rest.length > 0 ? [share(rest)] : [])],
        missing: 0,
        difference: compareCounts(tables[0]!, tables[i]!),
      };
    }),
  };
}
