import type { PublishedSplit } from "./image-set.js";

export type SourceFile = Readonly<{ name: string; bytes(): Promise<Uint8Array> }>;

/** Pictures by name, in a folder or an archive. */
export type PictureSource = Readonly<{
  path: string;
  /** Sorted paths with forward slashes; they determine the position of an image in its set. */
  names: readonly string[];
  /** The files with these names, in any order. The bytes of a file are valid until the next one. */
  read(names: ReadonlySet<string>): AsyncIterable<SourceFile>;
}>;

/** By code units, the same on every machine. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Folder names of a split, optionally with a size (`train_64x64`); the first present one is used. */
const trainFolders = ["train", "train_64x64", "train_32x32"];
const testFolders = ["test", "val", "valid", "validation", "valid_64x64", "valid_32x32"];

/** The common folder of all names, with its slash. */
function commonFolder(names: readonly string[]): string {
  const [first = "", last = ""] = [names[0], names.at(-1)]; // sorted, so the common prefix of these two is common to all
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return first.slice(0, first.lastIndexOf("/", length - 1) + 1);
}

/** Labels are bytes. */
const MOST_CLASSES = 256;

/** The classes of pictures, and the label of each by its name. */
export type PictureClasses = Readonly<{ classes: readonly string[]; labelOf(name: string): number }>;

/**
 * Classes as subfolders name them, each with its pictures, in the order of their names; below the folders of splits where there are some.
 * With `known` the innermost folder is taken that has the name of one of these. Undefined where a picture lies in no such folder, and for
 * fewer than two classes.
 */
export function classesByFolder(
  { path, names }: Pick<PictureSource, "path" | "names">,
  known?: readonly string[],
): PictureClasses | undefined {
  const own = splitByFolder(names);
  const all = own ? [...own.train, ...own.test] : names;
  const root = commonFolder(names);
  const folderOf = (name: string): string | undefined =>
    known
      ? `${path}/${name}`.split("/").findLast((folder) => known.includes(folder))
      : name.slice(root.length).split("/").slice(0, -1)[own ? 1 : 0];
  const found = new Set(all.map(folderOf));
  const classes = known ?? [...found].filter((each) => each !== undefined).sort(byName);
  const isWhole = !found.has(undefined) && classes.length > 1 && classes.length <= MOST_CLASSES;
  return isWhole ? { classes, labelOf: (name) => classes.indexOf(folderOf(name) ?? "") } : undefined;
}

/** The names of each split if folders `train` and `test` (or `val`) hold them; otherwise undefined. */
export function splitByFolder(
  names: readonly string[],
): Readonly<Record<PublishedSplit, readonly string[]>> | undefined {
  const root = commonFolder(names);
  const within = (folder: string): string[] => names.filter((name) => name.startsWith(`${root}${folder}/`));
  const firstOf = (folders: readonly string[]) => folders.map(within).find((found) => found.length > 0);
  const [train, test] = [firstOf(trainFolders), firstOf(testFolders)];
  return train && test ? { train, test } : undefined;
}
