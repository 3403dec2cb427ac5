import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { placeOf } from "./place.js";

const TEMPORARY = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

/** Adds to the end of a file. */
export type Write = (data: Uint8Array | string) => Promise<void>;

/**
 * Writes a file atomically: after any interruption its name has either the complete old or the complete new content. It
 * writes a temporary file next to it, syncs it, renames it, and syncs the folder so that the rename survives a power
 * cut. A link stays, and its target is replaced. Devices and pipes such as `/dev/stdout` are written directly.
 *
 * @throws UsageError if the name is that of a folder, a disk or a socket
 */
export const writeFileAtomic = (path: string, data: Uint8Array | string): Promise<void> =>
  writeAtomic(path, (write) => write(data));

/** The same for a JSON document. */
export const writeJson = (path: string, document: unknown): Promise<void> =>
  writeFileAtomic(path, jsonText(document));

/** A JSON document as the text of a file. */
export const jsonText = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`;

/** The same for a file in pieces. */
export async function writeAtomic(path: string, produce: (write: Write) => Promise<void>): Promise<void> {
  const place = placeOf(path);
  if (!place.replace)
    return withFile(place.path, "w", (file) => produce(async (data) => file.writeFile(data)));
  const folder = dirname(place.path);
  const temporary = join(folder, `.${basename(place.path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await withFile(temporary, "wx", async (file) => {
      await produce(async (data) => file.writeFile(data));
      await file.sync();
    });
    await rename(temporary, place.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Errors of writing that may pass: a full disk, no file handles, a disk that is temporarily read-only. */
const PASSING: readonly string[] = [
  "ENOSPC",
  "EDQUOT",
  "EMFILE",
  "ENFILE",
  "EROFS",
  "EACCES",
  "EIO",
  "EAGAIN",
];

/** True if a later retry of a write may succeed. */
export const mayPass = (error: unknown): boolean =>
  PASSING.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");

/** Removes temporary files of killed processes from a folder; only for the holder of its lock. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Syncs a folder, so that renames in it survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await withFile(folder, "r", (file) => file.sync());
  } catch (error) {
    // Windows cannot open a folder, and some network file systems cannot sync one; there is no alternative.
    const { code } = error as NodeJS.ErrnoException;
    if (!["EISDIR", "EPERM", "EINVAL", "ENOTSUP", "EACCES"].includes(code ?? "")) throw error;
  }
}

async function withFile(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
