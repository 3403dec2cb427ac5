import { readFileSync, statSync } from "node:fs";
import { DataError } from "@flowify/core";

/**
 * Rejects pipes, terminals and other devices: reading them may block, or never end. Folders and missing files are left
 * to the reader.
 *
 * @throws DataError
 */
export function expectRegularFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || found.isFile() || found.isDirectory()) return;
  const what = found.isFIFO() ? "a pipe" : found.isSocket() ? "a socket" : "a device";
  throw new DataError(`${path}: ${what}, expected a file\ncopy its content to a file, and name that file`);
}

/**
 * A JSON document.
 *
 * @param missing, damaged what to do where the file is not there, or is not JSON
 * @throws DataError for a file that is missing or not JSON
 */
export function readJson(
  path: string,
  { missing, damaged }: { missing?: string; damaged?: string } = {},
): unknown {
  expectRegularFile(path);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const [problem, remedy] = isMissing
      ? ["no such file", missing]
      : [`not JSON (${(cause as Error).message})`, damaged];
    throw new DataError([`${path}: ${problem}`, ...(remedy ? [remedy] : [])].join("\n"), { cause });
  }
}
