import { kindOf, type ModelColumn, widthOf } from "../../tables/columns/kinds.js";
import type { ColumnPlace } from "./usual-values.js";

/** A column of a table, and its numbers in a row of the detector. */
export type DetectorColumn = ColumnPlace & Readonly<{ input: ModelColumn }>;

/** The columns in the order of a row. */
export function detectorColumns(inputs: readonly ModelColumn[]): DetectorColumn[] {
  let at = 0;
  return inputs.map((input) => {
    const width = widthOf(input);
    at += width;
    return { name: input.name, at: at - width, width, input };
  });
}

const numbersOf = ({ at, width }: DetectorColumn, row: Float32Array): Float32Array =>
  row.subarray(at, at + width);

/** The number of a row, in the unit of the table, dates as days since 1970; none where it is missing or a text. */
export const detectorNumber = (column: DetectorColumn, row: Float32Array): number | undefined =>
  kindOf(column.input).number(column.input, numbersOf(column, row));

/** What the table holds where a row of the detector has these numbers. */
export const detectorText = (column: DetectorColumn, row: Float32Array): string =>
  kindOf(column.input).show(column.input, numbersOf(column, row));
