import { dateText, toSeconds } from "../../data/table/cell.js";
import { nextOnGrid } from "../../data/table/grid.js";
import { type DetectorInput, widthOf } from "../detector-inputs.js";
import type { ColumnPlace } from "./usual-values.js";

/** A column of a table, and its numbers in a row of the detector. */
export type DetectorColumn = ColumnPlace & Readonly<{ input: DetectorInput }>;

/** The columns in the order of a row. */
export function detectorColumns(inputs: readonly DetectorInput[]): DetectorColumn[] {
  let at = 0;
  return inputs.map((input) => {
    const width = widthOf(input);
    at += width;
    return { name: input.name, at: at - width, width, input };
  });
}

const MISSING = "missing";

/** Digits of a float32 that are sure, and those that `toFixed` may have. */
const DIGITS = { sure: 6, most: 20 } as const;

/** The number of a row, in the unit of the table, dates as days since 1970; none where it is missing or a text. */
export function detectorNumber({ input, at }: DetectorColumn, row: Float32Array): number | undefined {
  if (input.kind === "text" || (input.indicator && Math.round(row[at + 1]!) === 1)) return undefined;
  return row[at]! + input.origin;
}

/** What the table holds where a row of the detector has these numbers. */
export function detectorText(column: DetectorColumn, row: Float32Array): string {
  const { input, at } = column;
  if (input.kind === "text") {
    const numbers = row.subarray(at, at + column.width);
    const code = numbers.findIndex((number) => Math.round(number) === 1) + 1;
    if (code >= input.values.length) return "another value";
    return input.values[code] || MISSING;
  }
  const number = detectorNumber(column, row);
  if (number === undefined) return MISSING;
  if (input.kind === "date") return dateText(input.grid ? nextOnGrid(input.grid, number) : toSeconds(number));
  const size = Math.abs(row[at]!);
  const decimals = DIGITS.sure - (size > 0 ? Math.floor(Math.log10(size)) : 0);
  return String(Number(number.toFixed(Math.min(DIGITS.most, Math.max(0, decimals)))));
}
