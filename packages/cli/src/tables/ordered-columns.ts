import type { TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { countOf } from "../ui/format.js";
import { ownColumns, type TableColumn, tableColumns } from "./columns/kinds.js";
import { cellOf } from "./flow-rows.js";

/** Least share of rows in which a number would be above another one by chance, and fewest rows: in none of them is it. */
const LEAST = { share: 0.02, rows: 20 } as const;

/** Rows that are looked at first. */
const FIRST = 256;

type Values = Readonly<{ column: TableColumn; values: Float64Array }>;

/**
 * A schema that says which numbers and dates are never above others: the least temperature of a day and the highest one, years with
 * a company and years of work. Samples of a density may be.
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
    numbers.flatMap((b) =>
      a !== b && isDate(a) === isDate(b) && isNeverAbove(a.values, b.values)
        ? [{ column: a.column.name, above: b.column.name }]
        : [],
    ),
  );
  return never.length > 0 ? { ...schema, never } : schema;
}

const isDate = ({ column }: Values): boolean => column.found.type === "date";

function isNeverAbove(a: Float64Array, b: Float64Array): boolean {
  const count = a.length;
  const first = Math.min(count, FIRST);
  // plain loops: a wide table has very many pairs
  let crossed = 0;
  for (let row = 0; row < first; row++) {
    if (a[row]! > b[row]!) return false;
    // that of another row stands for chance
    if (a[row]! > b[count - 1 - row]!) crossed++;
  }
  if (crossed < (LEAST.share * first) / 2) return false;
  const both: number[] = [];
  for (let row = 0; row < count; row++) {
    if (a[row]! > b[row]!) return false;
    if (a[row]! <= b[row]!) both.push(row);
  }
  const share = shareAbove(
    Float64Array.from(both, (row) => a[row]!),
    Float64Array.from(both, (row) => b[row]!),
  );
  return share >= LEAST.share && share * both.length >= LEAST.rows;
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

/** Columns of which the first is never above the second. */
function pairsOf(schema: TableSchema): (readonly [TableColumn, TableColumn])[] {
  const columns = tableColumns(schema);
  const named = (name: string): TableColumn[] => columns.filter((column) => column.name === name);
  return (schema.never ?? []).flatMap(({ column, above }) =>
    named(column).flatMap((a) => named(above).map((b) => [a, b] as const)),
  );
}

/** Counts encoded rows in which a number is above one that it never is; `notes` has a line for each two columns. */
export function brokenOrders(schema: TableSchema) {
  const width = ownColumns(tableColumns(schema)).length;
  const all = pairsOf(schema).map(([a, b]) => ({ a, b, count: 0, first: "" }));
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
      all.flatMap(({ a, b, count, first }) =>
        count === 0
          ? []
          : [
              `in ${countOf(count, "row")}, first in row ${first}, "${a.name}" is above "${b.name}", which it is in no training row`,
            ],
      ),
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
  return (rows, start) => pairs.every(([a, b]) => !(numberOf(a, rows, start) > numberOf(b, rows, start)));
}
