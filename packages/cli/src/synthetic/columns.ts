import type { TableSchema } from "../data/table/schema.js";
import { columnIn } from "../rows.js";
import { ownColumns, type TableColumn, tableColumns } from "../tables/columns/kinds.js";

/** A column of some rows: numbers, NaN where they are missing, or codes of categories. */
export type Column = Readonly<{ name: string; isNumber: boolean; values: Float64Array }>;

/** Rows as a file has them: samples are on the grid of their column, and in its range. */
export type Columns = readonly Column[];

/** The columns of encoded rows, [n, columns]. */
export function columnsOf(schema: TableSchema, rows: Float32Array): Columns {
  const own = ownColumns(tableColumns(schema));
  return own.map((column) => ({
    name: column.name,
    isNumber: column.found.range !== undefined,
    values: Float64Array.from(columnIn(rows, own.length, column.place), (number) => valueIn(column, number)),
  }));
}

function valueIn({ kind, found }: TableColumn, number: number): number {
  if (!found.range) return number;
  const cell = kind.decode(found, number);
  return typeof cell === "number" ? cell : Number(kind.value(found, number) ?? Number.NaN);
}

export const rowCount = ([first]: Columns): number => first?.values.length ?? 0;

export const firstOf = (columns: Columns, count: number): Columns =>
  columns.map((column) => ({ ...column, values: column.values.subarray(0, count) }));

/** Rows of the same columns, one after another. */
export const joined = (a: Columns, b: Columns): Columns =>
  a.map((column, i) => ({ ...column, values: Float64Array.of(...column.values, ...(b[i]?.values ?? [])) }));
