import { UsageError } from "@flowify/core";
import { valueAt } from "../../places.js";
import { type Block, rowBlock } from "./block.js";
import { type Cell, cellReader, dateText, SECONDS_PER_DAY } from "./cell.js";
import type { TableSchema } from "./schema.js";
import type { PartRange, Table } from "./table.js";

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);

/** What stands behind the name of a date in those of its calendar columns. */
export const FEATURES = ["time", "weekday", "month"] as const;

/** 1970-01-01 was a Thursday. */
const THURSDAY = 3;

export const weekdayOf = (day: number): string => valueAt(WEEKDAYS, (((day + THURSDAY) % 7) + 7) % 7);
export const monthOf = (day: number): string =>
  valueAt(MONTHS, new Date(day * SECONDS_PER_DAY * 1000).getUTCMonth());

/** The columns of dates that were taken apart. */
export const calendarColumns = ({ columns }: TableSchema): string[] =>
  columns.filter(({ calendar }) => calendar).map(({ name }) => name);

/** @throws UsageError for a column that holds no dates */
export function expectDates(schema: TableSchema): TableSchema {
  const other = schema.columns.find(({ calendar, type }) => calendar && type !== "date");
  if (other === undefined) return schema;
  throw new UsageError(
    `--calendar ${other.name}: the column is of the type ${other.type}, expected dates such as 2024-03-01\nleave it out of --calendar`,
  );
}

/**
 * Takes columns of dates apart: the day, the seconds since midnight, the weekday and the month, in UTC. The day and the time are as much as the date,
 * and weekday and month take few values, so the likelihood of a row stays finite. Sines and cosines would not: they lie on a circle.
 */
export function withCalendar(table: Table, dates: readonly string[]): Table {
  const wanted = new Set(dates);
  const taken = table.names.map((name) => wanted.has(name));
  if (!taken.includes(true)) return table;
  for (const date of dates)
    for (const feature of FEATURES)
      if (table.names.includes(`${date} ${feature}`))
        throw new UsageError(
          `--calendar ${date}: the table has a column "${date} ${feature}" of its own\nleave ${date} out of --calendar, or give the column another name`,
        );
  return {
    ...table,
    names: table.names.flatMap((name, i) =>
      taken[i] ? [name, ...FEATURES.map((feature) => `${name} ${feature}`)] : [name],
    ),
    blocks: (range) => apart(table, taken, range),
  };
}

async function* apart(table: Table, taken: readonly boolean[], range?: PartRange): AsyncGenerator<Block> {
  const reader = cellReader();
  const parts = (cell: Cell): readonly Cell[] => {
    if (reader.read(cell) !== "date") return [cell, null, null, null];
    const day = Math.floor(reader.value);
    const seconds = Math.round((reader.value - day) * SECONDS_PER_DAY * 1000) / 1000;
    return [dateText(day), seconds, weekdayOf(day), monthOf(day)];
  };
  for await (const { rows, numbers, source } of table.blocks(range))
    yield rowBlock(
      rows.map((row) => row.flatMap((cell, i) => (taken[i] ? parts(cell) : [cell]))),
      numbers,
      source,
    );
}
