import { FEATURES } from "./calendar.js";
import { type Cell, cellReader, dateText, SECONDS_PER_DAY, toSeconds } from "./cell.js";
import { columnSlots } from "./encode-rows.js";
import { gridOf, nextOnGrid } from "./grid.js";
import type { ColumnSchema, TableSchema } from "./schema.js";

/** Significant digits of a float32. */
const DIGITS = 7;

/** Rows of a table again. */
export type DecodedRows = Readonly<{
  columns: readonly ColumnSchema[];
  /** Booleans as they were written; dates in ISO 8601; null is a missing value. */
  cells: Cell[][];
}>;

/**
 * The inverse of `rowEncoder` but for its noise: numbers on the grid of their column, in the range of the training
 * rows where there is a grid; dates; categories; null where the indicator says so. Columns that the flow does not get
 * are left out.
 *
 * @param rows [count, width] as the flow samples them
 */
export function decodeRows(schema: TableSchema, rows: Float32Array): DecodedRows {
  const slots = columnSlots(schema);
  const last = slots.at(-1);
  const width = last === undefined ? 0 : last.at + (last.indicator ? 2 : 1);
  const cells = Array.from({ length: width === 0 ? 0 : rows.length / width }, (_, row) =>
    slots.map(({ column, at, indicator }) => {
      const place = row * width + at;
      if (indicator && Math.round(rows[place + 1]!) >= 1) return null;
      return cellOf(column, rows[place]!);
    }),
  );
  return joinedDates({ columns: slots.map(({ column }) => column), cells });
}

/** Each date that was taken apart is one cell again: the day with its time. Weekday and month follow from the day. */
function joinedDates({ columns, cells }: DecodedRows): DecodedRows {
  const dates = columns.filter(({ calendar }) => calendar).map(({ name }) => name);
  const names = columns.map(({ name }) => name);
  const parts = new Set(dates.flatMap((name) => FEATURES.map((feature) => `${name} ${feature}`)));
  const kept = names.flatMap((name, i) => (parts.has(name) ? [] : [i]));
  const reader = cellReader();
  for (const name of dates) {
    const [day, time] = [names.indexOf(name), names.indexOf(`${name} ${FEATURES[0]}`)];
    for (const row of cells)
      if (time >= 0 && row[time] !== null && reader.read(row[day] ?? null) === "date")
        row[day] = dateText(reader.value + Number(row[time]) / SECONDS_PER_DAY);
  }
  return { columns: kept.map((i) => columns[i]!), cells: cells.map((row) => kept.map((i) => row[i]!)) };
}

function cellOf(column: ColumnSchema, number: number): Cell {
  const { range, values = [], type } = column;
  if (range === undefined) return values[clamp(Math.round(number), 0, values.length - 1)] ?? null;
  const value = numberOf(column, number);
  return type === "date" ? dateText(value) : value;
}

/** The value of a number that the flow returned: on a grid, the next of its values within the range. */
function numberOf(column: ColumnSchema, number: number): number {
  const { range, origin = 0, type, decimals } = column;
  const grid = gridOf(column);
  if (grid) return nextOnGrid(grid, clamp(atSpike(column, number + origin), range!.least, range!.most));
  if (type === "date") return toSeconds(number + origin);
  const value = Number(
    keptSign(range!, atSpike(column, number + origin)).toPrecision(DIGITS + digitsOf(origin)),
  );
  return decimals === undefined ? value : Number(value.toFixed(decimals));
}

/** Numbers so near to a value that many rows share, in standard deviations, are that value, and the steps between values that are too small to count. */
const SPIKE = { near: 0.02, step: 0.001 } as const;

/** The value that many rows share where the number lies beside it: no flow returns it to the last digit. */
function atSpike({ spikes = [], gap = 0, uneven, range, type }: ColumnSchema, number: number): number {
  const { std } = range!;
  if (type !== "continuous" || (!uneven && gap > SPIKE.step * std)) return number;
  const spike = spikes.find(({ value }) => Math.abs(number - Number(value)) <= SPIKE.near * std);
  return spike === undefined ? number : Number(spike.value);
}

/** Where no training value is below or above zero, none is. */
function keptSign({ least, most }: NonNullable<ColumnSchema["range"]>, number: number): number {
  if (least >= 0) return Math.max(number, least);
  return most <= 0 ? Math.min(number, most) : number;
}

/** Digits that an origin adds in front. */
const digitsOf = (origin: number): number => (origin === 0 ? 0 : DIGITS);

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
