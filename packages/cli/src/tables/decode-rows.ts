import { FEATURES } from "../data/table/calendar.js";
import { type Cell, cellReader, dateText, SECONDS_PER_DAY } from "../data/table/cell.js";
import type { ColumnSchema, TableSchema } from "../data/table/schema.js";
import { valueAt, valuesAt } from "../places.js";
import { ownColumns, tableColumns } from "./columns/kinds.js";
import { encodedRows } from "./flow-rows.js";

/** Rows of a table again. */
export type DecodedRows = Readonly<{
  columns: readonly ColumnSchema[];
  /** Booleans as they were written; dates in ISO 8601; null is a missing value. */
  cells: Cell[][];
}>;

/** The cells of rows [count, width] of a flow. */
export const decodeFlowRows = (schema: TableSchema, rows: Float32Array): DecodedRows =>
  decodeRows(schema, encodedRows(tableColumns(schema), rows));

/**
 * The cells of rows of a model: numbers on the grid of their column, in the range of the training rows where there is a grid;
 * dates; categories; null where the indicator says so. Columns that the flow does not get are left out, and each date that
 * was taken apart is one cell again: the day with its time. Weekday and month follow from the day.
 *
 * @param rows encoded rows [count, columns]
 */
export function decodeRows(schema: TableSchema, rows: Float32Array): DecodedRows {
  const own = ownColumns(tableColumns(schema));
  const count = own.length === 0 ? 0 : rows.length / own.length;
  const cells = Array.from({ length: count }, (_, row) =>
    own.map(({ kind, found, place }) => kind.decode(found, valueAt(rows, row * own.length + place))),
  );
  const placeOf = (name: string): number => own.findIndex((column) => column.name === name);
  const times = own.flatMap(({ name, found }, day) => {
    const time = found.calendar ? placeOf(`${name} ${FEATURES[0]}`) : -1;
    return time < 0 ? [] : [{ day, time }];
  });
  const reader = cellReader();
  for (const { day, time } of times)
    for (const row of cells)
      if (row[time] !== null && reader.read(row[day]) === "date")
        row[day] = dateText(reader.value + Number(row[time]) / SECONDS_PER_DAY);
  const kept = [...own.keys()].filter((place) => times.every(({ time }) => time !== place));
  return {
    columns: valuesAt(own, kept).map(({ found }) => found),
    cells: cells.map((row) => valuesAt(row, kept)),
  };
}
