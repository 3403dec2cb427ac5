import { DataError } from "@flowify/core";

/** More entries than any data set has. */
export const MOST_ENTRIES = 4_000_000;
/** A picture is smaller. */
const LARGEST_FILE = 2 ** 28;
/** Pictures are packed already: an archive of them shrinks little, what unpacks to more is a bomb. */
export const LARGEST_RATIO = 100;
/** Bytes up to which anything may shrink as it likes. */
export const RATIO_FROM = 2 ** 24;

export type ArchiveEntry = Readonly<{
  name: string;
  size: number;
  /** `file`, or what it is instead. */
  kind: string;
}>;

const refusal = (name: string, what: string): string =>
  `${JSON.stringify(name.slice(0, 200))}: ${what}\npack the pictures alone, as plain files`;

/** What is said of a name that would lead out of the folder that an archive is unpacked into. */
export const leadsOut = (name: string): string => refusal(name, "a name that leads out of the archive");

/**
 * A check of the entries of an archive, one after the other, which gives the name without a leading `./`.
 *
 * @throws DataError for links, devices, names that lead out of the folder, doubled names, and what is too large
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
    if (seen.has(name)) throw refuse("there twice");
    if (seen.size >= MOST_ENTRIES) throw refuse(`more than ${MOST_ENTRIES} entries`);
    seen.add(name);
    return name;
  };
}
