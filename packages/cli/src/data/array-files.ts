import { arrayImages, type PixelSize } from "./array-images.js";
import { arrayQuestions, arrayRows } from "./array-rows.js";
import { type NpyArray, unsignedBytes } from "./arrays/npy.js";
import { readNpyFile } from "./arrays/npy-file.js";
import { npzHolds, readNpz } from "./arrays/npz.js";
import { drawnSet } from "./drawn-split.js";
import type { DataFormat, Reading } from "./format.js";
import { readIdx } from "./idx.js";
import { type Examples, type RowSet, setOf } from "./image-set.js";
import { areOfArray } from "./table/sources/array-table.js";
import { tableFile } from "./table-file.js";

/** Content of an array: rows of numbers for two axes without a given image size, otherwise images. */
const arrayExamples = (
  where: string,
  array: NpyArray,
  name: string,
  size: PixelSize | undefined,
): Examples =>
  array.sizes.length === 2 && size === undefined
    ? { name, ...arrayRows(where, array) }
    : { name, ...arrayImages(where, { sizes: array.sizes, data: unsignedBytes(where, array) }, size) };

/** Ways of reading that an array has: as images or rows, or as a table. */
const takes: DataFormat["takes"] = ["size", ...tableFile.takes];

/** True where an array is to be read as a table: if columns or rows are chosen, and for a run of such a table. */
const isTable = ({ columns, drop, id, where, calendar, missing, schema }: Reading): boolean =>
  [columns, drop, id, where, calendar, missing].some((choice) => choice !== undefined) ||
  (schema !== undefined && areOfArray(schema));

/** True where an array has rows of numbers that are read as a table by default. */
const isRows = ({ sizes }: NpyArray, { table, size }: Reading): boolean =>
  table === true && sizes.length === 2 && size === undefined;

/** The table of an array, with questions about it. */
const tableOf = (where: string, array: NpyArray, set: RowSet): RowSet => ({
  ...set,
  notes: [...(set.notes ?? []), ...arrayQuestions(where, array)],
});

/** One array of all images or rows, `FILE.npy`. */
export const npyFile: DataFormat = {
  takes,
  holds: () => true,
  read: async (path, split, name, reading, undrawn) => {
    if (isTable(reading)) return tableFile.read(path, split, name, reading, undrawn);
    const array = await readNpyFile(path);
    if (isRows(array, reading))
      return tableOf(path, array, await tableFile.read(path, split, name, reading, undrawn));
    return drawnSet(path, arrayExamples(path, array, name, reading.size), split, undrawn);
  },
};

/** One idx file of all images. */
export const idxFile: DataFormat = {
  takes: [],
  holds: () => true,
  read: async (path, split, name, _reading, undrawn) =>
    drawnSet(path, { name, ...arrayImages(path, await readIdx(path, 3)) }, split, undrawn),
};

/** Arrays by name, `FILE.npz`: one with all images or rows, or one per split. */
export const npzFile: DataFormat = {
  takes,
  holds: npzHolds,
  read: async (path, split, name, reading, undrawn) => {
    if (isTable(reading)) return tableFile.read(path, split, name, reading, undrawn);
    const { where, whole, array, labels } = await readNpz(path, split);
    if (whole && isRows(array, reading))
      return tableOf(where, array, await tableFile.read(path, split, name, reading, undrawn));
    const plain = arrayExamples(where, array, name, reading.size);
    const examples = "images" in plain && labels ? { ...plain, labels } : plain;
    return whole ? drawnSet(where, examples, split, undrawn) : setOf(examples, split);
  },
};
