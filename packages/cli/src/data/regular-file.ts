import { statSync } from "node:fs";
import { DataError } from "@flowify/core";

/**
 * Refuses to read what may give no byte before somebody writes, or bytes without an end: pipes, terminals and other
 * devices. Folders, and what is not there, are left to whoever reads.
 *
 * @throws DataError
 */
export function expectRegularFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || found.isFile() || found.isDirectory()) return;
  const what = found.isFIFO() ? "a pipe" : found.isSocket() ? "a socket" : "a device";
  throw new DataError(`${path}: ${what}, expected a file\ncopy what it gives into a file, and name that`);
}
