import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "@flowify/core";

/** Where the content of a file that is named goes: a file that is replaced, or something that is written to as it stands. */
export type Place = Readonly<{ path: string; replace: boolean }>;

/** Links in a row that are followed; Linux has the same limit. */
const MOST_LINKS = 40;

/**
 * Follows a name to what is to be written. The files that a process has open have names in `/proc` and `/dev/fd`: they
 * are written to, for one that took their place would not be the open one.
 *
 * @throws UsageError where a folder, a disk or a socket has the name, or links lead in a circle
 */
export function placeOf(name: string): Place {
  let path = name;
  for (let links = 0; links <= MOST_LINKS; links++) {
    const opened = isOpenFile(path);
    const found = (opened ? statSync : lstatSync)(path, { throwIfNoEntry: false });
    if (opened || found?.isCharacterDevice() || found?.isFIFO()) {
      if (found) expectWritable(name, found);
      return { path, replace: false };
    }
    if (!found?.isSymbolicLink()) {
      if (found) expectWritable(name, found);
      return { path, replace: true };
    }
    path = resolve(dirname(path), readlinkSync(path));
  }
  throw new UsageError(`${name}: a link that leads to no file\nchoose another name`);
}

function expectWritable(name: string, found: Stats): void {
  const what = found.isDirectory()
    ? "a folder"
    : found.isBlockDevice()
      ? "a disk"
      : found.isSocket()
        ? "a socket"
        : undefined;
  if (what === undefined) return;
  const hint = what === "a folder" ? `name a file in it: ${join(name, "NAME")}` : "choose another name";
  throw new UsageError(`${name}: ${what}, expected a file to write\n${hint}`);
}

/** True for the name of a file that a process has open, `/proc/self/fd/1`. */
function isOpenFile(path: string): boolean {
  try {
    return /^\/proc\/.*\/fd$/.test(realpathSync(dirname(path))) && /^\d+$/.test(basename(path));
  } catch {
    return false;
  }
}
