import type { ColumnSlot } from "../../data/table/encode-rows.js";

/** A value of a column: a number (dates in days since 1970), the name of a category, or null where it is missing. */
type ColumnValue = number | string | null;

/** The values of one column of encoded rows [n, width], with the noise of their encoding. */
export function columnValues(slot: ColumnSlot, rows: Float32Array, width: number): ColumnValue[] {
  const { column, at, indicator } = slot;
  const { range, values = [], origin = 0 } = column;
  return Array.from({ length: rows.length / width }, (_, i) => {
    const place = i * width + at;
    if (indicator && Math.round(rows[place + 1]!) >= 1) return null;
    if (range) return rows[place]! + origin;
    const code = Math.max(0, Math.round(rows[place]!));
    return code < values.length ? (values[code] ?? "missing") : "another value";
  });
}
