import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { DataError } from "@flowify/core";
import { arrayImages, type PixelSize } from "./array-images.js";
import { arrayRows } from "./array-rows.js";
import { drawnImages, drawnRows } from "./drawn-split.js";
import type { DataFormat } from "./format.js";
import { readIdx } from "./idx.js";
import { type DataSet, imageSet, type PublishedSplit, rowSet } from "./image-set.js";
import { type NpyArray, readNpy, unsignedBytes } from "./npy.js";
import { npzHolds, readNpz } from "./npz.js";
import { readError } from "./packed.js";
import { expectRegularFile } from "./regular-file.js";

async function readNpyFile(path: string): Promise<NpyArray> {
  expectRegularFile(path);
  try {
    const { size } = await stat(path);
    return await readNpy(path, createReadStream(path, { highWaterMark: 1 << 20 }), size);
  } catch (cause) {
    throw cause instanceof DataError ? cause : readError(path, "a NumPy file", cause);
  }
}

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

/** One array of all images or rows, `FILE.npy`. */
export const npyFile: DataFormat = {
  takes: ["size"],
  holds: () => true,
  read: async (path, split, name, { size }, undrawn) =>
    arrayExamples(path, await readNpyFile(path), { split, name, size, whole: true, undrawn }),
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
  takes: ["size"],
  holds: npzHolds,
  read: async (path, split, name, { size }, undrawn) => {
    const { where, whole, array } = await readNpz(path, split);
    return arrayExamples(where, array, { split, name, size, whole, undrawn });
  },
};
