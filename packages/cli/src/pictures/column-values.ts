import type { ColumnSlot } from "../data/table/encode-rows.js";
import { gridOf, nextOnGrid } from "../data/table/grid.js";
import type { ColumnSchema } from "../data/table/schema.js";

/** A value of a column: a number (dates in days since 1970), the name of a category, or null where it is missing. */
export type ColumnValue = number | string | null;

/** A number without the noise of its encoding: in a column on a grid, the next of its values. */
function withoutNoise(column: ColumnSchema, number: number): number {
  const grid = gridOf(column);
  return grid ? nextOnGrid(grid, number) : number;
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
