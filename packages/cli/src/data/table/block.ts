import { valueAt } from "../../places.js";
import type { Cell } from "./cell.js";

/** The cells of one column, a row each; where a file holds numbers, without a JavaScript value for each cell. */
export type CellColumn = Readonly<{
  at(row: number): Cell;
  /** Every cell is a number or missing (NaN); with `dates` days since 1970-01-01 UTC. */
  numbers?: Float32Array | Float64Array;
  dates?: true;
}>;

/** Of several files, the one that holds some rows, and the rows in the files before it. */
type Source = Readonly<{ file: string; before: number }>;

/** The middle of a column in a series, and its usual step there. */
export type Unit = [middle: number, step: number];

/** A series of a table; the only one has no name and no keys. */
export type TableSeries = Readonly<{
  name: string;
  /** What the columns that name series hold in its rows. */
  keys: readonly string[];
  units: readonly Unit[];
  /** Rows at its end without a gap. */
  endRows: number;
}>;

/** Rows that are handed on together. */
export type Block = Readonly<{
  count: number;
  /** In the order of the table's names. */
  columns: readonly CellColumn[];
  rows: readonly (readonly Cell[])[];
  /** The number of each row, from 1 on: in the file, whatever `--where` leaves out; of several files, in all of them. */
  numbers: readonly number[];
  source?: Source;
  /** The series of each row, where rows follow each other in time. */
  series?: readonly TableSeries[];
}>;

const from = (before: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => before + i + 1);

/** What a row is called: by its number, of several files by file and number, `part-2.csv#17`. */
export const rowName = ({ numbers, source }: Pick<Block, "numbers" | "source">, at: number): string =>
  source ? `${source.file}#${valueAt(numbers, at) - source.before}` : String(numbers[at]);

/** Rows that follow `before` others in their file. */
export const blockOf = (rows: readonly (readonly Cell[])[], before = 0): Block =>
  rowBlock(rows, from(before, rows.length));

/** Rows with their numbers. */
export function rowBlock(
  rows: readonly (readonly Cell[])[],
  numbers: readonly number[],
  source?: Source,
): Block {
  const width = rows[0]?.length ?? 0;
  const columns = Array.from(
    { length: width },
    (_, column): CellColumn => ({ at: (row) => rows[row]?.[column] ?? null }),
  );
  return { count: rows.length, columns, rows, numbers, ...(source && { source }) };
}

/** Columns of `count` rows that follow `before` others in their file. */
export const columnsOf = (columns: readonly CellColumn[], count: number, before: number): Block =>
  columnBlock(columns, from(before, count));

/** Columns with the numbers of their rows. */
export function columnBlock(
  columns: readonly CellColumn[],
  numbers: readonly number[],
  source?: Source,
): Block {
  let rows: Cell[][] | undefined;
  return {
    count: numbers.length,
    columns,
    get rows() {
      rows ??= numbers.map((_, row) => columns.map((column) => column.at(row)));
      return rows;
    },
    numbers,
    ...(source && { source }),
  };
}
