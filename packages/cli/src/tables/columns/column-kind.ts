import type { numpy as np } from "@jax-js/jax";
import type { CellColumn } from "../../data/table/block.js";
import { type Cell, type CellReader, LARGEST_FLOAT32 } from "../../data/table/cell.js";
import type { ColumnSchema } from "../../data/table/schema.js";

/** A value of a column: a number (dates in days since 1970), the name of a category, or null where it is missing. */
export type ColumnValue = number | string | null;

/** Findings while the cells of a table are read. */
export type Findings = Readonly<{
  reader: CellReader;
  /** A value that training did not have. */
  unseen(column: string, value: string): void;
}>;

/** Writes the numbers of one column into rows [n, width] at `place`; returns the rows whose cell is of another kind. */
export type WriteNumbers = (
  cells: CellColumn,
  out: Float32Array,
  place: number,
  width: number,
) => readonly number[];

/**
 * A kind of column, whole: what its cells become for a model, what numbers of a model become again, in a graph, and in words.
 * A cell is one number, in the unit of the table less the origin of the column, or a code; NaN is a missing number.
 */
export type ColumnKind = Readonly<{
  /**
   * True for a column of this kind.
   *
   * @param isTime it is the time of a date that was taken apart
   */
  detect(column: ColumnSchema, isTime: boolean): boolean;
  /** What a cell has to hold, for messages. */
  expected: string;
  encode(column: ColumnSchema, findings: Findings): WriteNumbers;
  /** The cell that a model means by a number: one that the training rows could have. */
  decode(column: ColumnSchema, number: number): Cell;
  /** The value of a number, whatever the training rows have. */
  value(column: ColumnSchema, number: number): ColumnValue;
  /** The value in words. */
  show(column: ColumnSchema, number: number): string;
  /** Distances are taken between the numbers themselves; what is missing has the mean. */
  isNumber: boolean;
  /** Further numbers between which distances are taken, [B, n] each, from [B, 1]. Consumes x. */
  features(column: ColumnSchema, x: np.Array): np.Array[];
  /** The input of a graph holds texts, empty where they are missing; else float64, NaN where they are missing. */
  isText: boolean;
  /** What the input of a graph holds. */
  meaning: string;
}>;

/** In words, of a missing value. */
export const MISSING = "missing";

/** Writes a column of numbers or dates, less its origin. */
export const writeNumbers =
  (kind: "number" | "date", { origin = 0 }: ColumnSchema, { reader }: Findings): WriteNumbers =>
  ({ numbers, dates, at: cellAt }, out, place, width) => {
    const wrong: number[] = [];
    const fits = numbers && (dates ?? false) === (kind === "date");
    for (let row = 0, at = place; at < out.length; row++, at += width) {
      if (fits) {
        const value = numbers[row]!;
        if (Math.abs(value) <= LARGEST_FLOAT32 || Number.isNaN(value)) out[at] = value - origin;
        else wrong.push(row);
        continue;
      }
      const found = reader.read(cellAt(row));
      if (found === kind) out[at] = reader.value - origin;
      else if (found === "missing") out[at] = Number.NaN;
      else wrong.push(row);
    }
    return wrong;
  };
