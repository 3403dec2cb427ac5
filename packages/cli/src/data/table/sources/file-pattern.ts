import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataError } from "@flowify/core";

/** True for a name that stands for several files: with `*` or `?` in its last part, unless a file has just this name. */
export const isPattern = (path: string): boolean => /[*?]/.test(basename(path)) && !existsSync(path);

/** What the files of a pattern are called: `*` any letters, `?` one. */
const patternOf = (name: string): RegExp =>
  new RegExp(
    `^${name
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "u",
  );

/**
 * The files that a path names, in the order of their names: of a pattern all that match it, else the one file.
 *
 * @throws DataError where no file matches
 */
export function filesOf(path: string): string[] {
  if (!isPattern(path)) return [path];
  const [folder, name] = [dirname(path), basename(path)];
  const pattern = patternOf(name);
  const names = existsSync(folder)
    ? readdirSync(folder).filter(
        (each) => pattern.test(each) && (!each.startsWith(".") || name.startsWith(".")),
      )
    : [];
  if (names.length === 0)
    throw new DataError(`${path}: no file matches\nlook with ls, and write the pattern in quotes`);
  return names.sort().map((each) => join(folder, each));
}
