import { createReadStream, existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { type Write, writeAtomic } from "../files/atomic.js";
import { placeOf } from "../files/place.js";
import type { Ranks } from "../ranks/ranks.js";
import { nameOf } from "../ranks/watch.js";
import { makeFolder } from "./folder.js";
import { lockRun } from "./lock.js";
import {
  partFolder,
  type ResumableFile,
  type ResumableOptions,
  readPart,
  writePart,
} from "./resumable-file.js";

/** What one rank has written: how many bytes, and its last state. */
export type WrittenPart<State> = Readonly<{ bytes: number; state: State }>;

const RANK_FOLDER = /^rank-\d+-of-\d+$/;

const folderOf = (target: string, rank: number, size: number): string =>
  join(partFolder(target), `rank-${rank + 1}-of-${size}`);

/**
 * Writes a file by all ranks of a job, as `writeResumable` does for one process: each rank its part, which rank 0 puts together in their
 * order. A part that is complete is kept until the file is. The folder must be the same for all ranks.
 *
 * @param produce writes the part of this rank; its last call of `keep` is the last one
 * @param end writes what stands behind all parts
 * @throws UsageError where rank 0 does not see a part, or another process writes it
 */
export async function writeShared<State>(
  path: string,
  { rank, size, comm, members }: Pick<Ranks, "rank" | "size" | "comm" | "members">,
  options: ResumableOptions<State>,
  produce: (file: ResumableFile<State>) => Promise<void>,
  end: (parts: readonly WrittenPart<State>[], write: Write) => Promise<void>,
): Promise<void> {
  const target = placeOf(path).path;
  const folder = partFolder(target);
  makeFolder(folder);
  const lock = rank === 0 ? lockRun(folder) : undefined;
  try {
    if (rank === 0) await removeOthers(folder, size, options.warn);
    await comm.barrier();
    await writePart(folderOf(target, rank, size), options, produce);
    await comm.barrier();
    if (rank > 0) return;
    const parts = members.map((member) => {
      const part = readPart(folderOf(target, member.rank, size), options.state);
      if (part) return part;
      throw new UsageError(
        `${folder}: the part of ${nameOf(member)} is not there, expected one folder for all ranks\nname an --out in a folder that all machines share`,
      );
    });
    await writeAtomic(target, async (write) => {
      for (const { content, bytes } of parts) {
        if (bytes === 0) continue;
        for await (const piece of createReadStream(content, { end: bytes - 1 }))
          await write(piece as Uint8Array);
      }
      await end(parts, write);
    });
    lock?.release();
    await rm(folder, { recursive: true });
  } finally {
    lock?.release();
  }
}

/** Removes parts of another number of ranks, and of a single process. */
async function removeOthers(folder: string, size: number, warn: (line: string) => void): Promise<void> {
  const others = readdirSync(folder).filter(
    (name) =>
      ["content", "progress.json"].includes(name) ||
      (RANK_FOLDER.test(name) && !name.endsWith(`-of-${size}`)),
  );
  if (others.length > 0) warn(`${folder}: begun with another number of ranks, so it is written anew`);
  for (const name of others) await rm(join(folder, name), { recursive: true, force: true });
}

/** The same for a single process that finds parts of ranks. */
export async function removePartsOfRanks(path: string, warn: (line: string) => void): Promise<void> {
  const folder = partFolder(placeOf(path).path);
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => RANK_FOLDER.test(name)) : [];
  if (found.length > 0) warn(`${folder}: begun by several ranks, so it is written anew`);
  for (const name of found) await rm(join(folder, name), { recursive: true, force: true });
}
