import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "@flowify/core";
import { placeOf } from "./place.js";

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
