import { dateText, toSeconds } from "../../data/table/cell.js";
import { gridOf, nextOnGrid } from "../../data/table/grid.js";
import { onCircle } from "./clock.js";
import { type ColumnKind, MISSING, writeNumbers } from "./column-kind.js";
import { clampedToGrid, number as plain, valueOnGrid } from "./number.js";

/** Days of a week, and of a year on average. */
const PERIODS = [7, 365.2425] as const;

/** Dates as days since 1970; where they were taken apart, their weekday and season stand beside them, each on a circle. */
export const date: ColumnKind = {
  detect: ({ range, type }) => range !== undefined && type === "date",
  expected: "a date such as 2024-03-01",
  encode: (column, findings) => writeNumbers("date", column, findings),
  decode(column, number) {
    if (Number.isNaN(number)) return null;
    const days = number + (column.origin ?? 0);
    return dateText(clampedToGrid(column, days) ?? toSeconds(days));
  },
  value: valueOnGrid,
  show(column, number) {
    if (Number.isNaN(number)) return MISSING;
    const days = number + (column.origin ?? 0);
    const grid = gridOf(column);
    return dateText(grid ? nextOnGrid(grid, days) : toSeconds(days));
  },
  isNumber: true,
  features(column, x) {
    const periods = column.calendar ? PERIODS : [];
    const circles = periods.map((period) => onCircle(x.ref, period, column.origin));
    return [...plain.features(column, x), ...circles];
  },
  isText: false,
  meaning: "days since 1970-01-01 UTC; NaN where the date is missing",
};
