import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "@flowify/core";
import { createTarDecoder } from "modern-tar";
import { writeFileAtomic } from "../files/atomic.js";
import { FETCH_AGAIN, readError } from "../files/packed.js";
import { expectRegularFile } from "../files/regular-file.js";
import { entryCheck, LARGEST_RATIO, RATIO_FROM } from "./arrays/archive-limits.js";
import type { SourceFile } from "./picture-source.js";

/** First bytes of a gzip file. */
const isPacked = (name: string): boolean => /gz$/i.test(name);

/** The unpacked archive, with a limit on its growth. */
async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  expectRegularFile(path);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  // Errors of both streams surface at the last one.
  const source = isPacked(path) ? pipeline(file, createGunzip({ chunkSize: 1 << 18 }), () => {}) : file;
  let bytes = 0;
  for await (const piece of source as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > RATIO_FROM && bytes > LARGEST_RATIO * file.bytesRead)
      throw new DataError(
        `${path}: unpacks to more than ${LARGEST_RATIO} times its size, expected less for pictures: reading stopped`,
      );
    yield piece;
  }
}

/**
 * The files of a tar archive, gzipped or not, in the order of the archive. Rejects links, devices, paths outside of the
 * folder and duplicate names.
 *
 * @throws DataError that names the archive, and the entry
 */
export async function* tarFiles(path: string): AsyncGenerator<SourceFile> {
  const accept = entryCheck(path);
  try {
    const archive = Readable.toWeb(Readable.from(unpacked(path), { objectMode: false }));
    for await (const entry of (archive as ReadableStream<Uint8Array>).pipeThrough(
      createTarDecoder({ strict: true }),
    )) {
      const { type = "file", size } = entry.header;
      if (type === "directory") {
        await entry.body.cancel();
        continue;
      }
      const name = accept({ name: entry.header.name, size, kind: type });
      let read = false;
      yield {
        name,
        bytes: () => {
          read = true;
          return collect(entry.body);
        },
      };
      if (!read) await entry.body.cancel();
    }
  } catch (cause) {
    throw explained(path, cause);
  }
}

/** Joins the pieces. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

function explained(path: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  if (syscall !== undefined) return readError(path, "a tar archive", cause);
  if (code === "Z_BUF_ERROR") return new DataError(`${path}: gzip file cut short${FETCH_AGAIN}`, { cause });
  if (code?.startsWith("Z_"))
    return new DataError(`${path}: damaged gzip file (${message})${FETCH_AGAIN}`, { cause });
  return new DataError(`${path}: damaged, or not a tar archive (${message})${FETCH_AGAIN}`, { cause });
}

/**
 * Extracts files of a tar archive to one folder, each atomically, under the last part of its path: whatever the paths
 * in the archive, all files end up in that folder.
 *
 * @returns their paths
 * @throws DataError for a damaged or hostile archive, and for one without such files
 */
export async function extractFiles(archive: string, wanted: RegExp, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, bytes } of tarFiles(archive)) {
    if (!wanted.test(name)) continue;
    const path = join(folder, basename(name));
    await writeFileAtomic(path, await bytes());
    paths.push(path);
  }
  if (paths.length === 0) throw new DataError(`${archive}: holds none of the expected files`);
  return paths;
}
