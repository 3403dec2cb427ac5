import { DataError } from "@flowify/core";
import { type NpyArray, numberAt } from "../../arrays/npy.js";
import { readNpyFile } from "../../arrays/npy-file.js";
import { readNpz } from "../../arrays/npz.js";
import { type Block, type CellColumn, columnsOf } from "../block.js";
import { numberColumn } from "../columns.js";
import type { TableSchema } from "../schema.js";
import { BLOCK, type Table } from "../table.js";

/** Files of arrays. */
export const ARRAY_ENDING = /\.np[yz]$/i;

const nameOf = (column: number): string => `column ${column + 1}`;

/** True for the columns of a table that was an array. */
export const areOfArray = ({ columns }: TableSchema): boolean =>
  columns.every(({ name }, column) => name === nameOf(column));

/**
 * An array [rows, columns] of any type of integers or floats as a table. NaN is a missing value. It is held in memory.
 *
 * @throws DataError for other axes, and a file that is missing or damaged
 */
export async function arrayTable(path: string, called = path): Promise<Table> {
  const array = /\.npz$/i.test(path) ? (await readNpz(path, "train")).array : await readNpyFile(path, called);
  const { sizes } = array;
  const [, columns = 0] = sizes;
  if (sizes.length !== 2)
    throw new DataError(`${called}: an array [${sizes.join(", ")}], expected a table [rows, columns]`);
  return {
    names: Array.from({ length: columns }, (_, column) => nameOf(column)),
    notes: [],
    blocks: () => blocks(array),
  };
}

async function* blocks(array: NpyArray): AsyncGenerator<Block> {
  const [count = 0, columns = 0] = array.sizes;
  const numberIn = numberAt(array);
  for (let from = 0; from < count; from += BLOCK) {
    const rows = Math.min(BLOCK, count - from);
    const own = (column: number): CellColumn =>
      numberColumn(Float64Array.from({ length: rows }, (_, i) => numberIn(from + i, column)));
    yield columnsOf(
      Array.from({ length: columns }, (_, column) => own(column)),
      rows,
      from,
    );
  }
}
