import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import { DataError } from "@flowify/core";
import type { ExternalData } from "./tensor.js";

/**
 * The bytes of a file, for `readOnnx`, and of its external weight files.
 *
 * @throws DataError if it is missing or cannot be read, or if weights are outside of its folder
 */
export function openOnnx(path: string): { bytes: Uint8Array; external: ExternalData } {
  const folder = dirname(path);
  const files = new Map<string, Uint8Array | undefined>();
  return {
    bytes: readBytes(path),
    external(location) {
      if (!files.has(location)) files.set(location, besideIn(folder, location));
      return files.get(location);
    },
  };
}

/** Why a file cannot be read, by the code of the system. */
const reasons: { readonly [code: string]: string } = {
  ENOENT: "no such file",
  EISDIR: "a folder, expected a file\nname the file of the network in it",
};

function readBytes(path: string): Uint8Array {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile() && !found.isDirectory())
    throw new DataError(
      `${path}: a pipe or a device, expected a file\ncopy its content to a file, and name that file`,
    );
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DataError(`${path}: ${(code && reasons[code]) ?? message}`, { cause });
  }
}

/** A file in the folder; undefined if missing. A link to a target outside of the folder counts as outside. */
function besideIn(folder: string, location: string): Uint8Array | undefined {
  const leaves = (path: string): boolean => path === "" || isAbsolute(path) || path.split(sep)[0] === "..";
  if (leaves(location.replaceAll("/", sep)) || location.split(/[\\/]/).includes(".."))
    throw outside(location, folder);
  let inside: string;
  try {
    inside = realpathSync(join(folder, location));
  } catch {
    return undefined;
  }
  if (leaves(relative(realpathSync(folder), inside))) throw outside(location, folder);
  return readBytes(inside);
}

const outside = (location: string, folder: string): DataError =>
  new DataError(
    `its weights are in ${JSON.stringify(location)}, expected a file in ${folder}\nput that file next to the model and export it again`,
  );
