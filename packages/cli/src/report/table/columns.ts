import { type EncodedColumn, encodedText, isMissing } from "../../detect/reasons/encoded-columns.js";
import { quantile } from "../../detect/spaces.js";
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

/** Values of a column of numbers, without the noise of missing ones. */
function numbersOf(column: EncodedColumn, rows: Float32Array, width: number): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < rows.length; at += width) {
    const row = rows.subarray(at, at + width);
    if (!isMissing(column, row)) numbers.push(row[column.at]! + (column.schema.origin ?? 0));
  }
  return numbers;
}

/** Looks at a column in groups of rows [n, width]; the first group decides the bins. */
export function viewColumn(column: EncodedColumn, groups: readonly RowGroup[], width: number): ColumnView {
  return column.schema.range ? viewNumbers(column, groups, width) : viewCategories(column, groups, width);
}

function viewNumbers(column: EncodedColumn, groups: readonly RowGroup[], width: number): ColumnView {
  const values = groups.map(({ rows }) => numbersOf(column, rows, width));
  const ascending = Float64Array.from(values[0]!).sort();
  const [low, high] = [quantile(ascending, OUTSIDE), quantile(ascending, 1 - OUTSIDE)];
  const step = (high - low) / BINS || 1 / BINS;
  const edges = Array.from({ length: BINS + 1 }, (_, i) => low + i * step);
  return {
    name: column.name,
    bins: { edges, isDate: column.schema.type === "date" },
    groups: groups.map(({ name, rows }, i) => {
      const shares = new Array<number>(BINS).fill(0);
      for (const value of values[i]!)
        shares[Math.min(BINS - 1, Math.max(0, Math.floor((value - low) / step)))]! += 1 / values[i]!.length;
      return {
        name,
        shares,
        missing: 1 - (values[i]!.length * width) / rows.length,
        difference: kolmogorovSmirnov(values[0]!, values[i]!),
      };
    }),
  };
}

function viewCategories(column: EncodedColumn, groups: readonly RowGroup[], width: number): ColumnView {
  const counts = groups.map(({ rows }) => {
    const found = new Map<string, number>();
    for (let at = 0; at < rows.length; at += width) {
      const text = encodedText(column, rows.subarray(at, at + width));
      found.set(text, (found.get(text) ?? 0) + 1);
    }
    return found;
  });
  const all = [...new Set(counts.flatMap((each) => [...each.keys()]))];
  const frequent = [...all].sort((a, b) => (counts[0]!.get(b) ?? 0) - (counts[0]!.get(a) ?? 0));
  const shown = frequent.slice(0, CATEGORIES);
  const rest = frequent.slice(CATEGORIES);
  const tables = counts.map((each) => all.map((name) => each.get(name) ?? 0));
  return {
    name: column.name,
    bins: { names: rest.length > 0 ? [...shown, `${rest.length} others`] : shown },
    groups: groups.map(({ name, rows }, i) => {
      const share = (names: readonly string[]): number =>
        names.reduce((sum, each) => sum + (counts[i]!.get(each) ?? 0), 0) / (rows.length / width);
      return {
        name,
        shares: [...shown.map((each) => share([each])), ...(rest.length > 0 ? [share(rest)] : [])],
        missing: 0,
        difference: compareCounts(tables[0]!, tables[i]!),
      };
    }),
  };
}
