import type { PublishedSplit } from "./image-set.js";

export type SourceFile = Readonly<{ name: string; bytes(): Promise<Uint8Array> }>;

/** Pictures by name, in a folder or an archive. */
export type PictureSource = Readonly<{
  path: string;
  /** Paths with forward slashes, in order: what an image's place in its set follows from. */
  names: readonly string[];
  /** The files of these names, in whichever order they come; each has its bytes only until the next one comes. */
  read(names: ReadonlySet<string>): AsyncIterable<SourceFile>;
}>;

/** By code units, the same on every machine. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What the folders of a split are called, with a size after it or not (`train_64x64`); the first that is there counts. */
const trainFolders = ["train", "train_64x64", "train_32x32"];
const testFolders = ["test", "val", "valid", "validation", "valid_64x64", "valid_32x32"];

/** The folder that all names share, with its slash. */
function commonFolder(names: readonly string[]): string {
  const [first = "", last = ""] = [names[0], names.at(-1)]; // sorted: what these share all do
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return first.slice(0, first.lastIndexOf("/", length - 1) + 1);
}

/** The names of each split where folders `train` and `test` (or `val`) hold them; undefined where not. */
export function splitByFolder(
  names: readonly string[],
): Readonly<Record<PublishedSplit, readonly string[]>> | undefined {
  const root = commonFolder(names);
  const within = (folder: string): string[] => names.filter((name) => name.startsWith(`${root}${folder}/`));
  const firstOf = (folders: readonly string[]) => folders.map(within).find((found) => found.length > 0);
  const [train, test] = [firstOf(trainFolders), firstOf(testFolders)];
  return train && test ? { train, test } : undefined;
}
