import type { ColumnSlot } from "../../data/table/encode-rows.js";
import type { ColumnSchema } from "../../data/table/schema.js";

/** A value of a column: a number (dates in days since 1970), the name of a category, or null where it is missing. */
type ColumnValue = number | string | null;

/** Significant digits of a value on a grid, whose step is a difference of doubles. */
const DIGITS = 12;

/** A number without the noise of its encoding: in a column on a grid, the next of its values. */
function withoutNoise({ range, gap = 0, uneven }: ColumnSchema, number: number): number {
  if (range === undefined || gap === 0 || uneven) return number;
  return Number((range.least + Math.round((number - range.least) / gap) * gap).toPrecision(DIGITS));
}

/** The values of one column of encoded rows [n, width], as they stand in a table. */
export function columnValues(slot: ColumnSlot, rows: Float32Array, width: number): ColumnValue[] {
  const { column, at, indicator } = slot;
  const { range, values = [], origin = 0 } = column;
  return Array.from({ length: rows.length / width }, (_, i) => {
    const place = i * width + at;
    if (indicator && Math.round(rows[place + 1]!) >= 1) return null;
    if (range) return withoutNoise(column, rows[place]! + origin);
    const code = Math.max(0, Math.round(rows[place]!));
    return code < values.length ? (values[code] ?? "missing") : "another value";
  });
}
