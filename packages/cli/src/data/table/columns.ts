import type { CellColumn } from "./block.js";
import { type Cell, timeText } from "./cell.js";

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

/** A column of a few values; the code −1 is a missing value. */
export const codedColumn = (codes: Int32Array, values: readonly Cell[]): CellColumn => ({
  coded: { codes, values },
  at: (row) => values[codes[row]!] ?? null,
});

/** Some rows of a column. */
export function partOf(column: CellColumn, begin: number, end: number): CellColumn {
  const { numbers, dates, coded, at } = column;
  if (numbers)
    return dates
      ? dateColumn(numbers.subarray(begin, end) as Float64Array)
      : numberColumn(numbers.subarray(begin, end));
  if (coded) return codedColumn(coded.codes.subarray(begin, end), coded.values);
  return { at: (row) => at(begin + row) };
}
