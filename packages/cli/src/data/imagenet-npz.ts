import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";
import { isFolder } from "../files/place.js";
import { valueAt } from "../places.js";
import { arrayImages } from "./array-images.js";
import { allocate } from "./arrays/allocate.js";
import { type NpyArray, unsignedBytes } from "./arrays/npy.js";
import { readNpz } from "./arrays/npz.js";
import type { DataFormat } from "./format.js";
import { type ImageSet, type ImageShape, imageSet, type PublishedSplit } from "./image-set.js";

/**
 * The batches of downsampled ImageNet (Chrabaszcz, Loshchilov and Hutter 2017); its validation images serve as test
 * images.
 */
const patterns: Readonly<Record<PublishedSplit, RegExp>> = {
  train: /^train_data_batch_(\d+)(\.npz)?$/,
  test: /^val_data()(\.npz)?$/,
};

/** The batches are in one folder, or in one folder per split. */
function batches(folder: string, split: PublishedSplit): string[] {
  if (!isFolder(folder)) return [];
  const places = [
    folder,
    ...readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  ];
  for (const place of places) {
    if (!isFolder(place)) continue;
    const number = (name: string): number => Number(valueAt(patterns[split].exec(name) ?? [], 1));
    const found = readdirSync(place).filter((name) => patterns[split].test(name));
    if (found.length > 0) return found.sort((a, b) => number(a) - number(b)).map((name) => join(place, name));
  }
  return [];
}

/** Rows [n, 3·s·s], red, green and blue one after another. */
function side(where: string, { sizes: [, length = 0, ...more] }: NpyArray): number {
  const root = Math.sqrt(length / 3);
  if (more.length > 0 || !Number.isInteger(root) || root === 0)
    throw new DataError(
      `${where}: rows of ${length} values, expected 3 × 64 × 64, or another square image in colour`,
    );
  return root;
}

async function readBatches(folder: string, split: PublishedSplit, name: string): Promise<ImageSet> {
  const files = batches(folder, split);
  if (files.length === 0)
    throw new DataError(
      `${folder}: no ${split} images: looked for ${split === "train" ? "train_data_batch_1.npz …" : "val_data.npz"}`,
    );
  const parts: Uint8Array[] = [];
  let shape: ImageShape | undefined;
  for (const file of files) {
    if (!file.endsWith(".npz"))
      throw new DataError(
        `${file}: a pickle, which can run any program, so flowify never reads it\nfetch the npz version, or in Python: d = pickle.load(open("${file}", "rb")); numpy.savez("${file}.npz", data=d["data"])`,
      );
    const { where, array } = await readNpz(file, split);
    const size = side(where, array);
    const part = arrayImages(where, { sizes: array.sizes, data: unsignedBytes(where, array) }, [size, size]);
    shape ??= part.shape;
    if (part.shape.join() !== shape.join())
      throw new DataError(
        `${where}: images of ${part.shape.join("×")}, expected ${shape.join("×")} as in the files before`,
      );
    parts.push(part.images);
  }
  const images = allocate(
    folder,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    images.set(part, at);
    at += part.length;
  }
  return imageSet({ name, split, images, shape: shape! });
}

/** A folder of downsampled ImageNet as npz files: `train_data_batch_1.npz` …, `val_data.npz`. */
export const imageNetFolder: DataFormat = {
  takes: [],
  holds: (folder, split) => batches(folder, split).length > 0,
  read: (folder, split, name) => readBatches(folder, split, name),
};
