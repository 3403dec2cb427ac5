import type { GenericSchema } from "valibot";
import type { CellColumn } from "../../data/table/block.js";
import { type CellReader, LARGEST_FLOAT32 } from "../../data/table/cell.js";
import type { ColumnSchema } from "../../data/table/schema.js";
import type { GraphBuilder } from "./graph-builder.js";

/** What every column has. */
type ColumnBase = Readonly<{ kind: string; name: string }>;

/** Findings while the cells of a table are read. */
export type Findings = Readonly<{
  reader: CellReader;
  /** A value that training did not have. */
  unseen(column: string, value: string): void;
  /** A missing value where training lacked none. */
  lacking(column: string): void;
}>;

/** Writes the numbers of one column into rows [n, width], from `first` on; returns the rows whose cell is of another kind. */
export type WriteNumbers = (
  column: CellColumn,
  out: Float32Array,
  first: number,
  width: number,
) => readonly number[];

/** A kind of column, whole: what its cells become for a detector, in a graph, and in words. */
export type ColumnKind<Column extends ColumnBase> = Readonly<{
  kind: Column["kind"];
  /** As it is stored. */
  schema: GenericSchema<unknown, Column>;
  /**
   * Undefined where the column is of another kind.
   *
   * @param isTime it is the time of a date that was taken apart
   */
  detect(column: ColumnSchema, isTime: boolean): Column | undefined;
  /** Numbers that a cell becomes. */
  width(column: Column): number;
  /** What a cell has to hold, for messages. */
  expected: string;
  encode(column: Column, findings: Findings): WriteNumbers;
  /** The same in a graph, [batch, width], from an input [batch, 1]: float64, NaN where it is missing, or a text, empty where it is missing. */
  graph(g: GraphBuilder, column: Column, input: string): string;
  isText: boolean;
  /** What the input of a graph holds. */
  meaning: string;
  /** The number of a cell, in the unit of the table; none where it is missing or a text. */
  number(column: Column, numbers: Float32Array): number | undefined;
  /** What the table holds where a row has these numbers. */
  show(column: Column, numbers: Float32Array): string;
}>;

/** In words, of a missing value. */
export const MISSING = "missing";

/** Reads a column of numbers or dates; `put` gets NaN where one is missing. */
export function readNumbers(
  { numbers, dates, at: cellAt }: CellColumn,
  kind: "number" | "date",
  reader: CellReader,
  count: number,
  put: (row: number, value: number) => void,
): number[] {
  const wrong: number[] = [];
  const fits = numbers && (dates ?? false) === (kind === "date");
  for (let row = 0; row < count; row++) {
    if (fits) {
      const value = numbers[row]!;
      if (Math.abs(value) <= LARGEST_FLOAT32 || Number.isNaN(value)) put(row, value);
      else wrong.push(row);
      continue;
    }
    const found = reader.read(cellAt(row));
    if (found === kind) put(row, reader.value);
    else if (found === "missing") put(row, Number.NaN);
    else wrong.push(row);
  }
  return wrong;
}
