import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@flowify/core";
import { expectFolder, folderSays } from "../files/place.js";
import type { DataFormat } from "./format.js";
import { readIdx } from "./idx.js";
import { type ImageSet, imageSet, type PublishedSplit } from "./image-set.js";

const prefixes: Readonly<Record<PublishedSplit, string>> = { train: "train", test: "t10k" };

/** The published file names of MNIST and similar data sets. */
const candidates = (split: PublishedSplit, kind: "images-idx3" | "labels-idx1"): string[] => {
  const dotted = kind.replace("-idx", ".idx");
  return [kind, dotted].flatMap((part) =>
    ["", ".gz"].map((packed) => `${prefixes[split]}-${part}-ubyte${packed}`),
  );
};

const find = (folder: string, names: readonly string[]): string | undefined =>
  names.map((name) => join(folder, name)).find((path) => existsSync(path));

/** True where `folder` holds the images of `split` under one of the usual names. */
const holdsIdxImages = (folder: string, split: PublishedSplit): boolean =>
  find(folder, candidates(split, "images-idx3")) !== undefined;

/**
 * Reads one split of a folder of idx files: `train-images-idx3-ubyte`, `t10k-images-idx3-ubyte` and
 * their labels (optional), also with a dot for the dash and with `.gz`.
 *
 * @throws DataError if a file is missing or damaged, or images and labels do not match
 */
async function readIdxFolder(folder: string, split: PublishedSplit, name: string): Promise<ImageSet> {
  expectFolder(folder, "a folder of idx files");
  const wanted = candidates(split, "images-idx3");
  const imagesPath = find(folder, wanted);
  if (imagesPath === undefined) {
    throw new DataError(
      `${folder}: no ${split} images: looked for ${wanted.join(", ")}; ${folderSays(folder)}`,
    );
  }
  const { sizes, data: images } = await readIdx(imagesPath, 3);
  const [count = 0, height = 0, width = 0] = sizes;
  const labelsPath = find(folder, candidates(split, "labels-idx1"));
  const labels = labelsPath === undefined ? undefined : await readIdx(labelsPath, 1);
  if (labels && labels.data.length !== count) {
    throw new DataError(
      `${labelsPath}: ${labels.data.length} labels, expected ${count}, one for each image of ${imagesPath}`,
    );
  }
  return imageSet({ name, split, images, shape: [1, height, width], ...(labels && { labels: labels.data }) });
}

export const idxFolder: DataFormat = { takes: [], holds: holdsIdxImages, read: readIdxFolder };
