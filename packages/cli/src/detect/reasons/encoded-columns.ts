import { dateText } from "../../data/table/cell.js";
import { encodedNames } from "../../data/table/encode-rows.js";
import type { ColumnSchema, TableSchema } from "../../data/table/schema.js";
import type { ColumnPlace } from "./usual-values.js";

/** A column of a table, and its numbers in an encoded row. */
export type EncodedColumn = ColumnPlace & Readonly<{ schema: ColumnSchema }>;

/** The columns that the flow gets, in the order of an encoded row. */
export function encodedColumns(table: TableSchema): EncodedColumn[] {
  let at = 0;
  return table.columns
    .filter(({ use }) => use === "model")
    .map((schema) => {
      const width = encodedNames({ ...table, columns: [schema] }).length;
      const column = { name: schema.name, at, width, schema };
      at += width;
      return column;
    });
}

/** True where an encoded row lacks the number of a column. */
export const isMissing = ({ at, width }: ColumnPlace, row: Float32Array): boolean =>
  width > 1 && Math.round(row[at + 1]!) === 1;

/**
 * log q in nats of the noise that stands in place of missing numbers of an encoded row: log p of the row minus this is the log p of
 * the values that are there.
 */
export function noiseLog(columns: readonly EncodedColumn[], row: Float32Array): number {
  return columns.reduce((sum, column) => {
    if (!isMissing(column, row)) return sum;
    const { range, origin = 0 } = column.schema;
    const spread = range!.std || 1;
    const z = (row[column.at]! + origin - range!.mean) / spread;
    return sum - 0.5 * z * z - Math.log(spread) - 0.5 * Math.log(2 * Math.PI);
  }, 0);
}

/** Digits of a number that show a thousandth of the spread of its column, and at most those that float32 has. */
const DIGITS = { beyondSpread: 3, most: 15 } as const;

/** What a table would hold where an encoded row has this value: without the noise, in the column's own type. */
export function encodedText(column: EncodedColumn, row: Float32Array): string {
  const { range, values, origin = 0, gap = 0, type } = column.schema;
  const number = row[column.at]!;
  if (isMissing(column, row)) return "missing";
  if (!range) {
    const code = Math.max(0, Math.round(number));
    const value = values?.[code];
    return value === undefined ? "a new value" : (value ?? "missing");
  }
  const exact = number + origin;
  const stepped = gap > 0 ? range.least + gap * Math.round((exact - range.least) / gap) : exact;
  if (type === "date") return dateText(gap > 0 ? stepped : Math.round(stepped * 86_400) / 86_400);
  const unit = gap > 0 ? gap : range.std || 1;
  const decimals = DIGITS.beyondSpread - Math.floor(Math.log10(unit));
  return String(Number(stepped.toFixed(Math.min(DIGITS.most, Math.max(0, decimals)))));
}
