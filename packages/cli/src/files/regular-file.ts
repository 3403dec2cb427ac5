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
 * A JSON document that flowify wrote into the folder of a run.
 *
 * @throws DataError for a file that is not JSON
 */
export function readOwnJson(path: string): unknown {
  expectRegularFile(path);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DataError(
      `${path}: not JSON (${(cause as Error).message})\nrestore the file that flowify wrote, or train again`,
      { cause },
    );
  }
}
