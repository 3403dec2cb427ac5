import { type Cell, dateText, MILLISECONDS_PER_DAY, timeText } from "./cell.js";
import type { TableOrder } from "./schema.js";

/** Days after which calendars begin again, and what a place in them is called. */
export const PERIODS = [
  { days: 1, name: "time of day" },
  { days: 7, name: "day of the week" },
  { days: 365.2425, name: "day of the year" },
] as const;

/** A difference of times is a gap from so many steps on: months differ by a tenth. */
export const GAP = 1.5;
/** What a place in the calendar is called. */
export const placeName = (time: string, days: number): string =>
  `${time}: ${PERIODS.find((period) => period.days === days)?.name}`;

/** Places on the circles of a calendar. */
export const placesAt = ({ periods }: Pick<TableOrder, "periods">, time: number): number[] =>
  periods.map((days) => time - days * Math.floor(time / days));

/** The time so many rows after another one. */
export function timeAfter({ step, months }: TableOrder, time: number, rows: number): number {
  if (months === undefined) return Number((time + rows * step).toPrecision(14));
  const date = new Date(time * MILLISECONDS_PER_DAY);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + rows * months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime() / MILLISECONDS_PER_DAY;
}

/** A time as a cell: a date, with its time where rows are less than a day apart. */
export const timeCell = ({ step, months }: TableOrder, isDate: boolean, time: number): Cell => {
  if (!isDate) return time;
  return months !== undefined || step % 1 === 0
    ? dateText(time)
    : timeText(Math.round(time * 86_400) / 86_400).replace(".000Z", "Z");
};

/** Where rows follow each other without a gap, they have the same number. */
export function stretchesOf({ step }: Pick<TableOrder, "step">, times: ArrayLike<number>): Int32Array {
  const out = new Int32Array(times.length);
  for (let i = 1; i < out.length; i++)
    out[i] = (out[i - 1] as number) + Number((times[i] as number) - (times[i - 1] as number) > GAP * step);
  return out;
}
