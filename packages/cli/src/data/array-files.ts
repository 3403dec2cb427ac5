import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { DataError } from "@flowify/core";
import { arrayImages } from "./array-images.js";
import { drawnImages } from "./drawn-split.js";
import type { DataForm } from "./form.js";
import { readIdx } from "./idx.js";
import { imageSet } from "./image-set.js";
import { type NpyArray, readNpy } from "./npy.js";
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

/** One array of all images, `FILE.npy`. */
export const npyFile: DataForm = {
  takes: ["size"],
  holds: () => true,
  read: async (path, split, name, { size }, undrawn) =>
    drawnImages(path, arrayImages(path, await readNpyFile(path), size), split, name, undrawn),
};

/** One idx file of all images. */
export const idxFile: DataForm = {
  takes: [],
  holds: () => true,
  read: async (path, split, name, _reading, undrawn) =>
    drawnImages(path, arrayImages(path, await readIdx(path, 3)), split, name, undrawn),
};

/** Arrays by name, `FILE.npz`: one of all images, or one a split. */
export const npzFile: DataForm = {
  takes: ["size"],
  holds: npzHolds,
  read: async (path, split, name, { size }, undrawn) => {
    const { where, whole, array } = await readNpz(path, split);
    const images = arrayImages(where, array, size);
    return whole ? drawnImages(where, images, split, name, undrawn) : imageSet({ name, split, ...images });
  },
};
