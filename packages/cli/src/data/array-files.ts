import { arrayImages, type PixelSize } from "./array-images.js";
import { arrayRows } from "./array-rows.js";
import { type NpyArray, unsignedBytes } from "./arrays/npy.js";
import { readNpyFile } from "./arrays/npy-file.js";
import { npzHolds, readNpz } from "./arrays/npz.js";
import { drawnImages, drawnRows } from "./drawn-split.js";
import type { DataFormat, Reading } from "./format.js";
import { readIdx } from "./idx.js";
import { type DataSet, imageSet, type PublishedSplit, rowSet } from "./image-set.js";
import { areOfArray } from "./table/sources/array-table.js";
import { tableFile } from "./table-file.js";

/** `whole`: the array holds all splits; `undrawn`: use the array as a whole instead of splitting it. */
type ArrayPart = Readonly<{
  split: PublishedSplit;
  name: string;
  size: PixelSize | undefined;
  whole: boolean;
  undrawn: boolean | undefined;
}>;

/** Content of an array: rows of numbers for two axes without a given image size, otherwise images. */
function arrayExamples(where: string, array: NpyArray, part: ArrayPart): DataSet {
  const { split, name, size, whole, undrawn } = part;
  if (array.sizes.length === 2 && size === undefined) {
    const rows = arrayRows(where, array);
    return whole ? drawnRows(where, rows, split, name, undrawn) : rowSet({ name, split, ...rows });
  }
  const bytes = { sizes: array.sizes, data: unsignedBytes(where, array) };
  const images = arrayImages(where, bytes, size);
  return whole ? drawnImages(where, images, split, name, undrawn) : imageSet({ name, split, ...images });
}

/** Ways of reading that an array has: as images or rows, or as a table. */
const takes: DataFormat["takes"] = ["size", ...tableFile.takes];

/** True where an array is to be read as a table: if columns or rows are chosen, and for a run of such a table. */
const isTable = ({ table, columns, drop, id, where, calendar, schema }: Reading): boolean =>
  table === true ||
  [columns, drop, id, where, calendar].some((choice) => choice !== undefined) ||
  (schema !== undefined && areOfArray(schema));

/** One array of all images or rows, `FILE.npy`. */
export const npyFile: DataFormat = {
  takes,
  holds: () => true,
  read: async (path, split, name, reading, undrawn) =>
    isTable(reading)
      ? tableFile.read(path, split, name, reading, undrawn)
      : arrayExamples(path, await readNpyFile(path), {
          split,
          name,
          size: reading.size,
          whole: true,
          undrawn,
        }),
};

/** One idx file of all images. */
export const idxFile: DataFormat = {
  takes: [],
  holds: () => true,
  read: async (path, split, name, _reading, undrawn) =>
    drawnImages(path, arrayImages(path, await readIdx(path, 3)), split, name, undrawn),
};

/** Arrays by name, `FILE.npz`: one with all images or rows, or one per split. */
export const npzFile: DataFormat = {
  takes,
  holds: npzHolds,
  read: async (path, split, name, reading, undrawn) => {
    if (isTable(reading)) return tableFile.read(path, split, name, reading, undrawn);
    const { size } = reading;
    const { where, whole, array } = await readNpz(path, split);
    return arrayExamples(where, array, { split, name, size, whole, undrawn });
  },
};
