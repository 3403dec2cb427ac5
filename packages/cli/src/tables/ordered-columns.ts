import { normalQuantile } from "@flowify/core/internal";
import type { TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { countOf, formatCount } from "../ui/format.js";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { cellOf } from "./flow-rows.js";

/** Least share of rows in which a number would be above another one by chance, and fewest rows: in none of them is it. */
const LEAST = { share: 0.02, rows: 20 } as const;

/** Exceptions at most, of the rows that would be some by chance; and the greatest chance of a tendency with such exceptions. */
const EXCEPTIONS = { share: 0.01, chance: 0.005 } as const;

/** Rows that are looked at first. */
const FIRST = 256;

type Values = Readonly<{ column: TableColumn; values: Float64Array }>;

/**
 * A schema that says which numbers and dates are never above others: the least temperature of a day and the highest one, years with
 * a company and years of work. Samples of a density may be.
 *
 * A few rows may break an order, as mistakes do. They are one, or at most 1 % of those that would break it if the
 * columns were independent, and no tail of a tendency: see `chanceOfTendency`. Samples have no such rows: a mistake is not worth repeating.
 *
 * @param rows encoded rows, [n, columns]
 */
export function withOrderedColumns(schema: TableSchema, rows: Float32Array): TableSchema {
  const own = ownColumns(tableColumns(schema));
  const numbers = own
    .filter(({ found }) => found.range && !found.period)
    .map((column): Values => {
      const { origin = 0 } = column.found;
      const values = Float64Array.from(columnIn(rows, own.length, column.place), (value) => value + origin);
      return { column, values };
    });
  const never = numbers.flatMap((a) =>
    numbers.flatMap((b) => {
      if (a === b || isDate(a) !== isDate(b)) return [];
      const exceptions = exceptionsOf(a.values, b.values);
      if (exceptions === undefined) return [];
      return [{ column: a.column.name, above: b.column.name, ...(exceptions > 0 && { exceptions }) }];
    }),
  );
  return never.length > 0 ? { ...schema, never } : schema;
}

const isDate = ({ column }: Values): boolean => column.found.type === "date";

/** In how many rows a is above b; undefined where that is no exception. */
function exceptionsOf(a: Float64Array, b: Float64Array): number | undefined {
  const count = a.length;
  const first = Math.min(count, FIRST);
  const most = Math.max(1, (EXCEPTIONS.share / 2) * count);
  // plain loops: a wide table has very many pairs
  let [crossed, above] = [0, 0];
  for (let row = 0; row < first; row++) {
    if (a[row]! > b[row]! && ++above > most) return undefined;
    // that of another row stands for chance
    if (a[row]! > b[count - 1 - row]!) crossed++;
  }
  if (crossed < (LEAST.share * first) / 2) return undefined;
  above = 0;
  const both: number[] = [];
  for (let row = 0; row < count; row++) {
    if (a[row]! > b[row]! && ++above > most) return undefined;
    if (!Number.isNaN(a[row]! - b[row]!)) both.push(row);
  }
  const [low, high] = [a, b].map((values) => Float64Array.from(both, (row) => values[row]!));
  if (!low || !high) return undefined;
  const share = shareAbove(low.slice(), high.slice());
  const byChance = share * both.length;
  if (share < LEAST.share || byChance < LEAST.rows) return undefined;
  if (above > Math.max(1, EXCEPTIONS.share * byChance)) return undefined;
  return above === 0 || chanceOfTendency(low, high) < EXCEPTIONS.chance ? above : undefined;
}

/**
 * The chance that exceptions are the tail of a tendency, of the difference d = b − a of the normal scores of both columns
 * together. Log-concave distributions, such as the normal and the exponential one, have F(t) F(−t) ≤ F(0)². So a row below 0 is below −t with
 * a chance of at most q = F(0) / F(t). For the median t of k exceptions, h of them lie there with a chance of at most
 *
 *     (k over h) qʰ
 *
 * Mistakes lie as far beyond 0 as many rows on this side. Rows with equal numbers count once a number, as many may have the same zero.
 */
function chanceOfTendency(a: Float64Array, b: Float64Array): number {
  const scores = normalScores([...a, ...b]);
  const equal = new Set<number>();
  const differences = Array.from(a, (value, row) => {
    if (value === b[row]) equal.add(value);
    return scores.get(b[row]!)! - scores.get(value)!;
  });
  const beyond = differences.flatMap((d) => (d < 0 ? [-d] : [])).sort((x, y) => x - y);
  const k = beyond.length;
  const t = beyond[(k - 1) >> 1] ?? 0;
  const h = beyond.filter((d) => d >= t).length;
  const near = k + equal.size + differences.filter((d) => d > 0 && d < t).length;
  let log = h * Math.log(k / near);
  for (let i = 0; i < h; i++) log += Math.log((k - i) / (h - i));
  return Math.exp(log);
}

/** Quantiles of the normal distribution by the rank of a number; equal numbers have their mean rank. */
function normalScores(numbers: readonly number[]): Map<number, number> {
  const sorted = Float64Array.from(numbers).sort();
  const scores = new Map<number, number>();
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    scores.set(sorted[from]!, normalQuantile((from + to) / (2 * sorted.length)));
  }
  return scores;
}

/** The share of all pairs in which the one of a is above the one of b. Sorts both. */
function shareAbove(a: Float64Array, b: Float64Array): number {
  b.sort();
  let below = 0;
  let above = 0;
  for (const value of a.sort()) {
    while (below < b.length && b[below]! < value) below++;
    above += below;
  }
  return above / (a.length * b.length);
}

/** Columns of which the first is never above the second, but for exceptions. */
function pairsOf(schema: TableSchema) {
  const columns = tableColumns(schema);
  const named = (name: string): TableColumn[] => columns.filter((column) => column.name === name);
  return (schema.never ?? []).flatMap(({ column, above, exceptions = 0 }) =>
    named(column).flatMap((a) => named(above).map((b) => ({ a, b, exceptions }))),
  );
}

/** Counts encoded rows in which a number is above one that it never is; `notes` has a line for each two columns. */
export function brokenOrders(schema: TableSchema) {
  const width = ownColumns(tableColumns(schema)).length;
  const all = pairsOf(schema).map((pair) => ({ ...pair, count: 0, first: "" }));
  return {
    add(rows: Float32Array, names: readonly string[]): void {
      for (const each of all) {
        const { a, b } = each;
        const apart = (a.found.origin ?? 0) - (b.found.origin ?? 0);
        names.forEach((name, row) => {
          const start = row * width;
          if (!(rows[start + a.place]! + apart > rows[start + b.place]!)) return;
          if (each.count++ === 0) each.first = name;
        });
      }
    },
    notes: (): string[] =>
      all.flatMap(({ a, b, exceptions, count, first }) => {
        if (count === 0) return [];
        const rows = exceptions > 0 ? `${formatCount(exceptions)} of ${formatCount(schema.rows)}` : "no";
        return [
          `in ${countOf(count, "row")}, first in row ${first}, "${a.name}" is above "${b.name}", which it is in ${rows} training row${exceptions > 0 ? "s" : ""}`,
        ];
      }),
  };
}

/** Whether no number of a row of the flow, which begins at `start`, is above one that it never is. */
export type IsPossible = (rows: Float32Array, start: number) => boolean;

/** Undefined for tables all of whose rows are possible. */
export function possibleRows(schema: TableSchema): IsPossible | undefined {
  const pairs = pairsOf(schema);
  if (pairs.length === 0) return undefined;
  const numberOf = (column: TableColumn, rows: Float32Array, start: number): number =>
    cellOf(column, rows, start) + (column.found.origin ?? 0);
  return (rows, start) => pairs.every(({ a, b }) => !(numberOf(a, rows, start) > numberOf(b, rows, start)));
}
