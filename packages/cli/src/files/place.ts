import {
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { DataError, UsageError } from "@flowify/core";

/** The target of a named file: a file to replace, or a device to write to directly. */
export type Place = Readonly<{ path: string; replace: boolean }>;

export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** @throws UsageError for a file in place of a folder, which need not be there yet */
export function expectNoFile(folder: string, expected: string): void {
  if (existsSync(folder) && !isFolder(folder))
    throw new UsageError(`${folder}: a file, expected ${expected}`);
}

/** @throws DataError for a folder of data that is missing, or a file */
export function expectFolder(folder: string, expected: string): void {
  if (!existsSync(folder)) throw new DataError(`${folder}: no such folder`);
  if (!isFolder(folder)) throw new DataError(`${folder}: a file, expected ${expected}`);
}

/** The first names in a folder, in words. */
export function folderSays(folder: string): string {
  const names = readdirSync(folder);
  return names.length === 0
    ? "the folder is empty"
    : `the folder holds ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
}

/** Most links to follow in a row; Linux has the same limit. */
const MOST_LINKS = 40;

/**
 * Resolves a name to its target. Names in `/proc` and `/dev/fd` are open files of a process: these are written
 * directly, because a replacement would not be the open file.
 *
 * @throws UsageError if the name is that of a folder, a disk or a socket, or for a loop of links
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
  throw new UsageError(`${name}: a broken link, expected a file to write\nchoose another name`);
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

/** True for the name of an open file of a process, such as `/proc/self/fd/1`. */
function isOpenFile(path: string): boolean {
  try {
    return /^\/proc\/.*\/fd$/.test(realpathSync(dirname(path))) && /^\d+$/.test(basename(path));
  } catch {
    return false;
  }
}

/** @throws UsageError if the disk of a file that will grow by so many bytes has fewer left */
export async function expectDiskSpace(file: string, bytes: number): Promise<void> {
  const { path, replace } = placeOf(file);
  if (!replace) return; // a device or a pipe
  const { bavail, blocks, bsize } = await statfs(dirname(path));
  const free = bavail * bsize;
  if (blocks === 0 || bytes <= free) return; // some file systems do not know
  throw new UsageError(
    `--out ${file}: needs at least ${shown(bytes)}, its disk has ${shown(free)} left\nname a file on another disk, or write fewer rows`,
  );
}

const shown = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
