import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { valueAt } from "../places.js";
import { filesOf } from "./table/sources/file-pattern.js";
import { keptStandardInput, STANDARD_INPUT } from "./table/sources/standard-input.js";

export type FileHash = Readonly<{ name: string; sha256: string }>;

/** Limits for hashing a folder file by file: number of files and bytes. */
const MOST_FILES = 1000;
const MOST_BYTES = 2 ** 31;

/**
 * Names and hashes of a file, of the files of a pattern, or of the files of a folder sorted by name: with them a message can name the changed file
 * of a data set. Undefined above the limits.
 */
export async function fileHashes(path: string): Promise<FileHash[] | undefined> {
  const files = path === STANDARD_INPUT ? [keptStandardInput()] : filesOf(path);
  const found =
    files.length === 1 && statSync(valueAt(files, 0)).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : files;
  const bytes = found.reduce((sum, file) => sum + statSync(file).size, 0);
  if (found.length > MOST_FILES || bytes > MOST_BYTES) return undefined;
  const hashes: FileHash[] = [];
  for (const file of found) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    hashes.push({
      name: files.includes(file) ? basename(file) : file.slice(path.length + 1),
      sha256: hash.digest("hex"),
    });
  }
  return hashes;
}

/** The first file that differs: changed, missing, or new. */
export function changedFile(before: readonly FileHash[], now: readonly FileHash[]): string | undefined {
  const found = new Map(now.map(({ name, sha256 }) => [name, sha256]));
  for (const { name, sha256 } of before) {
    if (!found.has(name)) return `${name} is missing`;
    if (found.get(name) !== sha256) return `${name} has changed`;
  }
  const known = new Set(before.map(({ name }) => name));
  const fresh = now.find(({ name }) => !known.has(name));
  return fresh && `${fresh.name} is new`;
}
