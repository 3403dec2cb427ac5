import { randomBytes } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { placeOf } from "./place.js";

const TEMPORARY = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

/** Adds to the end of a file. */
export type Write = (data: Uint8Array | string) => Promise<void>;

/**
 * Writes a file so that its name stands for the old content or for the new one, whole, whatever
 * happens in between: a temporary file beside it, synced, renamed over it, and the folder synced so
 * that the rename itself survives a power cut. A link stays, and the file that it leads to is replaced. Devices and
 * pipes, `/dev/stdout` say, have no content to keep: they are written to.
 *
 * @throws UsageError where a folder, a disk or a socket has the name
 */
export const writeFileAtomic = (path: string, data: Uint8Array | string): Promise<void> =>
  writeAtomic(path, (write) => write(data));

/** The same for a file that comes in pieces. */
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

/** No room, no handles, or a disk that is read-only for a while: what keeps a file from being written now, and may not later. */
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

/** True where it is worth trying a write again later. */
export const mayPass = (error: unknown): boolean =>
  PASSING.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");

/** Removes what writes that were killed have left in a folder; only for the holder of its lock. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Makes what was renamed in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await withFile(folder, "r", (file) => file.sync());
  } catch (error) {
    // Windows cannot open a folder, some network file systems cannot sync one; nothing else helps there.
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
