import type { CellColumn } from "./block.js";
import { timeText } from "./cell.js";

/** A column of numbers; NaN is a missing value. */
export const numberColumn = (numbers: Float32Array | Float64Array): CellColumn => ({
  numbers,
  at: (row) => {
    const value = numbers[row]!;
    return Number.isNaN(value) ? null : value;
  },
});

/** A column of dates, in days since 1970-01-01 UTC; NaN is a missing value. */
export const dateColumn = (days: Float64Array): CellColumn => ({
  numbers: days,
  dates: true,
  at: (row) => {
    const value = days[row]!;
    return Number.isNaN(value) ? null : timeText(value);
  },
});
