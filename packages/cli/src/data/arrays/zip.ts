import { DataError } from "@flowify/core";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { DEFLATE_MAX_RATIO, FETCH_AGAIN, readError } from "../../files/packed.js";
import { expectRegularFile } from "../../files/regular-file.js";
import { printable } from "../../ui/printable.js";
import { leadsOut, MOST_ENTRIES } from "./archive-limits.js";

const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/**
 * The checksum of zip and gzip (ISO 3309), with a bit-reversed polynomial. Node has one only since 20.15.
 *
 * @param before the checksum of earlier bytes, which this one continues
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let sum = ~before;
  for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff]!;
  return ~sum >>> 0;
}

/** A file in a zip archive; `size` is its unpacked size. */
export type ZipEntry = Readonly<{
  name: string;
  size: number;
  packed: number;
  /** A symbolic link; its content is the target. */
  link: boolean;
  pieces(): AsyncIterable<Uint8Array>;
}>;

/** An open archive: its files without folders. */
export type Zip = Readonly<{ entries: readonly ZipEntry[]; close(): void }>;

/**
 * Opens a zip archive. Uses the central directory. Rejects encrypted and duplicate entries, paths outside of the
 * folder, and impossible sizes.
 *
 * @throws DataError that names the archive, and the entry
 */
export async function openZip(path: string): Promise<Zip> {
  expectRegularFile(path);
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { autoClose: false });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).syscall
      ? readError(path, "a zip archive", cause)
      : damaged(path, cause);
  }
  try {
    return { entries: await entriesOf(path, zip), close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** Opens a zip archive, calls `use` with its files, and closes it. */
export async function withZip<T>(
  path: string,
  use: (entries: readonly ZipEntry[]) => T | Promise<T>,
): Promise<T> {
  const { entries, close } = await openZip(path);
  try {
    return await use(entries);
  } finally {
    close();
  }
}

/** The library has its own message for paths outside of the archive. */
function damaged(path: string, cause: unknown): DataError {
  const { message } = cause as Error;
  const [, name] =
    /^(?:invalid relative path|absolute path|invalid characters in fileName): (.*)/s.exec(message) ?? [];
  if (name !== undefined) return new DataError(`${path}: ${leadsOut(name)}`, { cause });
  return new DataError(`${path}: damaged, or not a zip archive (${message})${FETCH_AGAIN}`, { cause });
}

async function entriesOf(path: string, zip: ZipFile): Promise<ZipEntry[]> {
  const found = new Map<string, ZipEntry>();
  let packed = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      if (found.size >= MOST_ENTRIES) throw new DataError(`${path}: more than ${MOST_ENTRIES} entries`);
      if (entry.fileName.endsWith("/")) continue;
      if (found.has(entry.fileName)) throw new DataError(`${path}: holds ${printable(entry.fileName)} twice`);
      packed += entry.compressedSize;
      if (packed > zip.fileSize)
        throw new DataError(
          `${path}: ${printable(entry.fileName)}: shares its content with another entry: a wrong directory`,
        );
      found.set(entry.fileName, checked(path, zip, entry));
    }
  } catch (cause) {
    throw cause instanceof DataError ? cause : damaged(path, cause);
  }
  return [...found.values()];
}

function checked(path: string, zip: ZipFile, entry: Entry): ZipEntry {
  const { fileName: name, uncompressedSize: size, compressedSize: packed } = entry;
  const refuse = (what: string): DataError => new DataError(`${path}: ${printable(name)}: ${what}`);
  if (entry.isEncrypted())
    throw refuse("encrypted\nunpack the archive with its password, and pack it again without one");
  if (!entry.canDecodeFileData())
    throw refuse(`packed by method ${entry.compressionMethod}, expected stored (0) or deflate (8)`);
  if (size > packed * DEFLATE_MAX_RATIO)
    throw refuse(`its directory says that ${packed} bytes unpack to ${size}: a wrong directory`);
  return { name, size, packed, link: isLink(entry), pieces: () => piecesOf(path, zip, entry) };
}

/** Archives made on Unix store the kind of a file in the upper half of its attributes. */
const isLink = ({ versionMadeBy, externalFileAttributes }: Entry): boolean =>
  versionMadeBy >>> 8 === 3 && ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;

/** The content, verified by its checksum. */
async function* piecesOf(path: string, zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  let sum = 0;
  try {
    for await (const piece of await zip.openReadStreamPromise(entry)) {
      sum = crc32(piece as Uint8Array, sum);
      yield piece as Uint8Array;
    }
  } catch (cause) {
    throw cause instanceof DataError
      ? cause
      : new DataError(
          `${path}: ${printable(entry.fileName)}: damaged (${(cause as Error).message})${FETCH_AGAIN}`,
          {
            cause,
          },
        );
  }
  if (sum !== entry.crc32)
    throw new DataError(
      `${path}: ${printable(entry.fileName)}: damaged (its checksum differs)${FETCH_AGAIN}`,
    );
}
