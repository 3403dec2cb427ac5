import { valueAt, valuesAt } from "../places.js";
import { compareCounts, kolmogorovSmirnov } from "../report/table/two-sample.js";
import { meanOf } from "../statistics.js";
import type { Column, Columns } from "./columns.js";

/** Bins of a number beside a category: of equal width over the range of the real rows, and one on each side. */
const BINS = 10;

/** How like two sets of rows are, from 0 to 1; 1 is alike. */
export type Likeness = Readonly<{
  score: number;
  columns: readonly Readonly<{ name: string; score: number }>[];
}>;

const whole = (columns: Likeness["columns"]): Likeness => ({
  score: meanOf(columns.map(({ score }) => score)),
  columns,
});

/**
 * The shapes of columns: 1 − sup |F − G| of numbers, missing ones left out, and 1 − ½ Σ |p − q| of categories.
 *
 * Source: SDMetrics, KSComplement and TVComplement.
 */
export const columnShapes = (real: Columns, other: Columns): Likeness =>
  whole(
    real.map((column, i) => {
      const own = valueAt(other, i);
      const { statistic } = column.isNumber
        ? kolmogorovSmirnov(present(column), present(own))
        : compareTexts(column.values, own.values, String);
      return { name: column.name, score: 1 - statistic };
    }),
  );

/**
 * The trends of pairs of columns: 1 − ½ |ρ − ρ'| of the correlations of numbers, else 1 − ½ Σ |p − q| of the pairs of values,
 * numbers in ten bins. Pairs in which a number does not vary are left out.
 *
 * Source: SDMetrics, CorrelationSimilarity and ContingencySimilarity.
 */
export function pairTrends(real: Columns, other: Columns): Likeness {
  const binned = real.map((column) => ({ ...column, bin: binOf(column) }));
  const pairs = binned.flatMap((a, i) =>
    binned.slice(i + 1).flatMap((b, k) => {
      const j = i + 1 + k;
      const name = `${a.name} and ${b.name}`;
      const [otherA, otherB] = [valueAt(other, i), valueAt(other, j)];
      if (a.isNumber && b.isNumber) {
        const score = 1 - Math.abs(correlation(a, b) - correlation(otherA, otherB)) / 2;
        return Number.isNaN(score) ? [] : [{ name, score }];
      }
      const text = (own: Column) => (value: number, row: number) =>
        `${a.bin(value)},${b.bin(valueAt(own.values, row))}`;
      const counts = compareTexts(a.values, otherA.values, text(b), text(otherB));
      return [{ name, score: 1 - counts.statistic }];
    }),
  );
  return whole(pairs);
}

const present = ({ values }: Column): Float64Array => values.filter((value) => !Number.isNaN(value));

/** The bin of a value: of a category its code, of a missing number NaN. */
function binOf(column: Column): (value: number) => number {
  if (!column.isNumber) return (value) => value;
  const values = present(column);
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const width = (most - least) / BINS || 1;
  return (value) => {
    if (value < least) return -1;
    return value > most ? BINS : value === most ? BINS - 1 : Math.floor((value - least) / width);
  };
}

type TextOf = (value: number, row: number) => string;

/** Compares how often texts come in two sets of rows. */
function compareTexts(a: Float64Array, b: Float64Array, textOf: TextOf, otherTextOf = textOf) {
  const counts = new Map<string, [number, number]>();
  const count = (values: Float64Array, side: 0 | 1, text: TextOf): void =>
    values.forEach((value, row) => {
      const own = counts.get(text(value, row)) ?? [0, 0];
      own[side]++;
      counts.set(text(value, row), own);
    });
  count(a, 0, textOf);
  count(b, 1, otherTextOf);
  const all = [...counts.values()];
  return compareCounts(
    all.map(([own]) => own),
    all.map(([, other]) => other),
  );
}

/** Pearson's correlation of the rows that have both numbers; NaN where one does not vary. */
function correlation(a: Column, b: Column): number {
  const both = [...a.values.keys()].filter(
    (row) => !Number.isNaN(valueAt(a.values, row) + valueAt(b.values, row)),
  );
  const centred = ({ values }: Column): number[] => {
    const own = valuesAt(values, both);
    const mean = meanOf(own);
    return own.map((value) => value - mean);
  };
  const [x, y] = [centred(a), centred(b)];
  const dot = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, value, i) => sum + value * valueAt(q, i), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}
