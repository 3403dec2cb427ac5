import { dateText } from "./cell.js";
import { styledCell } from "./column-formats.js";
import type { ColumnSchema } from "./schema.js";

/** Values of a category that are shown, and letters of each. */
const SHOWN = { values: 4, letters: 16 } as const;

/** Two digits; only all rows are 100 %. */
export function percent(share: number): string {
  if (share === 0) return "";
  if (share === 1) return "100 %";
  const percents = 100 * share;
  return `${percents < 99.5 ? percents.toPrecision(2) : Math.min(percents, 99.9).toFixed(1)} %`;
}

/** Digits of a fraction; digits before its point are always shown. */
const DIGITS = 5;

/** A number of the column as people read it: of a whole one, all digits. */
function valueText(column: ColumnSchema, value: number): string {
  if (column.type === "date") return dateText(value);
  const styled = styledCell(value, column);
  if (styled !== undefined) return styled;
  if (Number.isInteger(value)) return String(value);
  const whole = String(Math.trunc(Math.abs(value))).length;
  return String(Number(value.toPrecision(Math.max(DIGITS, whole))));
}

/** The range of a column, or its most frequent values; empty where it has neither. */
export function valuesOf(column: ColumnSchema): string {
  const { range, values } = column;
  if (range && column.distinct > 0)
    return `${valueText(column, range.least)} … ${valueText(column, range.most)}`;
  if (!values) return "";
  const shown = values.slice(0, SHOWN.values).map((value) => (value ?? "missing").slice(0, SHOWN.letters));
  return `${shown.join(", ")}${values.length > SHOWN.values ? ", …" : ""}`;
}
