import { DataError } from "@flowify/core";

/** More entries than any data set has. */
export const MOST_ENTRIES = 4_000_000;
/** Largest file in an archive, in bytes: pictures are smaller. */
const LARGEST_FILE = 2 ** 28;
/** Pictures are already compressed, so an archive with a larger ratio is a decompression bomb. */
export const LARGEST_RATIO = 100;
/** Bytes up to which any ratio is allowed. */
export const RATIO_FROM = 2 ** 24;

export type ArchiveEntry = Readonly<{
  name: string;
  size: number;
  /** `file`, or another kind of entry. */
  kind: string;
}>;

const refusal = (name: string, what: string): string =>
  `${JSON.stringify(name.slice(0, 200))}: ${what}\npack only the pictures, as plain files`;

/** Message for a path outside of the target folder. */
export const leadsOut = (name: string): string => refusal(name, "a path outside of the archive");

/**
 * Checks the entries of an archive, one after another; returns the name without a leading `./`.
 *
 * @throws DataError for links, devices, paths outside of the folder, duplicate names, and too large files
 */
export function entryCheck(path: string): (entry: ArchiveEntry) => string {
  const seen = new Set<string>();
  return ({ name: written, size, kind }) => {
    const name = written.replace(/^(\.\/+)+/, "");
    const refuse = (what: string): DataError => new DataError(`${path}: ${refusal(written, what)}`);
    if (kind !== "file") throw refuse(`a ${kind}, expected files and folders`);
    if (name === "" || /^\/|^[a-z]:|\\|\0/i.test(name) || name.split("/").includes(".."))
      throw new DataError(`${path}: ${leadsOut(written)}`);
    if (size > LARGEST_FILE) throw refuse(`${size} bytes, expected at most ${LARGEST_FILE}`);
    if (seen.has(name)) throw refuse("present twice");
    if (seen.size >= MOST_ENTRIES) throw refuse(`more than ${MOST_ENTRIES} entries`);
    seen.add(name);
    return name;
  };
}
