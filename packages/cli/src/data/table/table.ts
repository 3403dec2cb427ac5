import { DataError } from "@flowify/core";
import type { Cell } from "./cell.js";

/** Rows that are handed on together. */
export type Block = Readonly<{
  rows: readonly (readonly Cell[])[];
  /** The number of each row, from 1 on: in the file, whatever `--where` leaves out; of several files, in all of them. */
  numbers: readonly number[];
  /** Of several files, the one that holds these rows, and the rows in the files before it. */
  source?: Readonly<{ file: string; before: number }>;
}>;

/** What a row is called: by its number, of several files by file and number, `part-2.csv#17`. */
export const rowName = ({ numbers, source }: Block, at: number): string =>
  source ? `${source.file}#${numbers[at]! - source.before}` : String(numbers[at]);

/** Rows that follow `before` others in their file. */
export const blockOf = (rows: readonly (readonly Cell[])[], before = 0): Block => ({
  rows,
  numbers: rows.map((_, i) => before + i + 1),
});

/** A table in a file: opened, and read from the start as often as wanted. */
export type Table = Readonly<{
  names: readonly string[];
  /** What was assumed of the file, a line each. */
  notes: readonly string[];
  /** Numbers are written 1,5. */
  decimalComma: boolean;
  /** Its rows, some at a time. */
  blocks(): AsyncGenerator<Block>;
}>;

/** Rows that are handed on together: the memory that a table takes while it is read. */
export const BLOCK = 1024;

/** A line of a text file that is longer is refused before it fills the memory. */
export const LONGEST_LINE = 2 ** 24;

/** Findings which a message lists. */
export const LISTED = 5;

/** `a; b; and 3 more` */
export const listFirst = (found: readonly string[], count: number = found.length): string =>
  `${found.slice(0, LISTED).join("; ")}${count > LISTED ? `; and ${count - LISTED} more` : ""}`;

/** Empty names become `column 3`, a name that comes again `price (column 5)`; both are noted. */
export function uniqueNames(found: readonly string[]): { names: string[]; notes: string[] } {
  const taken = new Set<string>();
  const notes: string[] = [];
  const names = found.map((name, i) => {
    const trimmed = name.trim();
    const own = trimmed === "" ? `column ${i + 1}` : trimmed;
    const unique = taken.has(own) ? `${own} (column ${i + 1})` : own;
    if (trimmed === "") notes.push(`column ${i + 1} has no name: it is called "${unique}"`);
    else if (unique !== own)
      notes.push(`the name "${own}" comes twice: column ${i + 1} is called "${unique}"`);
    taken.add(unique);
    return unique;
  });
  return { names, notes };
}

/** Collects rows whose cells do not match the columns, and says so of the first five. */
export function raggedRows(path: string, columns: number) {
  const found: string[] = [];
  const refuse = (): never => {
    throw new DataError(
      `${path}: expected ${columns} cells in a row: ${found.join("; ")}\ncorrect these rows; a cell that contains the separator needs quotes`,
    );
  };
  return {
    /** True for a row that fits. */
    fits(row: number, cells: number): boolean {
      if (cells === columns) return true;
      found.push(`row ${row} has ${cells}`);
      if (found.length === LISTED) refuse();
      return false;
    },
    end(): void {
      if (found.length > 0) refuse();
    },
  };
}
