import { DataError } from "@flowify/core";
import type { Block, TableSeries } from "./block.js";
import type { Separator } from "./schema.js";
import type { ColumnFormats } from "./written-as.js";

/** Rows that can be read without those before them: a group of rows of a file, or a file. */
export type TablePart = Readonly<{
  bytes: number;
  /** Where the file says it. */
  rows?: number;
}>;

/** Parts [from, to) of a table. */
export type PartRange = Readonly<{ from: number; to: number }>;

/** A table in a file: opened, and read from the start as often as wanted. */
export type Table = Readonly<{
  names: readonly string[];
  /** What was assumed of the file, a line each. */
  notes: readonly string[];
  /** Where rows follow each other in time. */
  series?: ReadonlyMap<string, TableSeries>;
  /** How cells are written in the file, where that is not how they are handed on. */
  formats?: ColumnFormats;
  /** What stands between the cells of a text file, where that is no comma. */
  separator?: Separator;
  /** Cells that were read as missing values, besides those that always are. */
  missing?: readonly string[];
  /** Missing where rows can only be read from the first one on. */
  parts?: readonly TablePart[];
  /** Its rows, some at a time, by default of all parts. Rows keep their numbers where the parts before tell how many rows they have. */
  blocks(range?: PartRange): AsyncGenerator<Block>;
}>;

/** Rows that are handed on together: the memory that a table takes while it is read. In columns of numbers there are more of them. */
export const BLOCK = 1024;
export const COLUMN_BLOCK = 8192;

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
  const wanted = new Set(found.map((name) => name.trim()));
  const names = found.map((name, i) => {
    const trimmed = name.trim();
    const own = trimmed === "" ? `column ${i + 1}` : trimmed;
    let unique = taken.has(own) || (trimmed === "" && wanted.has(own)) ? `${own} (column ${i + 1})` : own;
    while (unique !== own && (taken.has(unique) || wanted.has(unique))) unique += "'";
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
  let fitting = 0;
  const refuse = (): never => {
    const hint =
      fitting === 0
        ? "remove lines above the names of the columns, and give every column a name"
        : "correct these rows; a cell that contains the separator needs quotes";
    throw new DataError(`${path}: expected ${columns} cells in a row: ${found.join("; ")}\n${hint}`);
  };
  return {
    fits(row: number, cells: number): boolean {
      if (cells === columns) {
        fitting++;
        return true;
      }
      found.push(`row ${row} has ${cells}`);
      if (found.length === LISTED) refuse();
      return false;
    },
    end(): void {
      if (found.length > 0) refuse();
    },
  };
}

/** Pieces put together in lists, each of at least so many rows but for the last one. */
export async function* together<Piece>(
  pieces: AsyncIterable<Piece>,
  rowsOf: (piece: Piece) => number,
  least: number,
): AsyncGenerator<Piece[]> {
  let some: Piece[] = [];
  let rows = 0;
  for await (const piece of pieces) {
    some.push(piece);
    rows += rowsOf(piece);
    if (rows < least) continue;
    yield some;
    some = [];
    rows = 0;
  }
  if (some.length > 0) yield some;
}
