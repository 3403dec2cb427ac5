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
