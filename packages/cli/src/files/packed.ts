import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { createGunzip, gunzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { expectRegularFile } from "./regular-file.js";

/** Largest ratio of deflate. It allows checking the size in a header before unpacking. */
export const DEFLATE_MAX_RATIO = 1032;

/** Remedy for a damaged file. */
export const FETCH_AGAIN = "\nfetch the file again, or write it again";

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** DataError for a failed read of a file; `kind` is the expected kind of file. */
export function readError(path: string, kind: string, cause: unknown): DataError {
  const code = (cause as NodeJS.ErrnoException).code;
  const what = {
    ENOENT: `no such file${isAbsolute(path) ? "" : `\nlooked for in ${process.cwd()}; a run keeps the path that --data had`}`,
    EISDIR: `a folder, expected ${kind}`,
    EACCES: "no permission to read it",
  };
  return new DataError(`${path}: ${what[code as keyof typeof what] ?? String(cause)}`, { cause });
}

/** @throws DataError that names the file; `kind` is the expected kind of file */
export async function readBytes(path: string, kind: string): Promise<Uint8Array> {
  expectRegularFile(path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw readError(path, kind, cause);
  }
}

/**
 * Unpacks a gzip file into at most `limit` bytes.
 *
 * @throws DataError that names the file; with the message `tooLong` if it unpacks to more
 */
export function unpack(path: string, packed: Uint8Array, limit: number, tooLong: string): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: limit });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new DataError(`${path}: ${tooLong}`, { cause });
    throw gzipError(path, cause) ?? cause;
  }
}

/** DataError for a failed unpacking; undefined for another failure. */
export function gzipError(path: string, cause: unknown): DataError | undefined {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (!code?.startsWith("Z_")) return undefined;
  const what = code === "Z_BUF_ERROR" ? "gzip file cut short" : `damaged gzip file (${message})`;
  return new DataError(`${path}: ${what}${FETCH_AGAIN}`, { cause });
}

/** A gzip file that unpacks to more than this many bytes, and to more than this many times its size, is refused. */
export const GZIP_LIMIT = { bytes: 2 ** 26, ratio: 200 } as const;

/** Bytes that are read at once. */
const PIECE = 2 ** 18;

/**
 * The bytes of a file, unpacked where it is a gzip file; nothing is kept in memory.
 *
 * @param name of the file, for messages
 * @param kind of file, for messages: `a table`
 * @throws DataError for a file that is missing, no file, damaged, or a decompression bomb
 */
export async function* unpackedPieces(
  path: string,
  name: string,
  kind: string,
  packed = /gz$/i.test(path),
): AsyncGenerator<Uint8Array> {
  expectRegularFile(path);
  const input = createReadStream(path, { highWaterMark: PIECE });
  const bytes: Readable = packed ? pipeline(input, createGunzip({ chunkSize: PIECE }), () => {}) : input;
  try {
    if (packed) expectNoBomb(path, name, sizeInside(path));
    let unpacked = 0;
    for await (const piece of bytes as AsyncIterable<Uint8Array>) {
      unpacked += piece.length;
      if (packed) expectNoBomb(path, name, unpacked);
      yield piece;
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw gzipError(name, cause) ?? readError(name, kind, cause);
  } finally {
    bytes.destroy();
    input.destroy();
  }
}

/** The unpacked size that stands at the end of a gzip file, of its last part; 0 where it cannot be: such a file is cut short or none. */
function sizeInside(path: string): number {
  const { size } = statSync(path);
  if (size < 4) return 0;
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(4);
    const said = readSync(file, bytes, 0, 4, size - 4) === 4 ? bytes.readUInt32LE() : 0;
    return said <= DEFLATE_MAX_RATIO * size ? said : 0;
  } finally {
    closeSync(file);
  }
}

function expectNoBomb(path: string, name: string, unpacked: number): void {
  if (unpacked <= GZIP_LIMIT.bytes || unpacked <= GZIP_LIMIT.ratio * statSync(path).size) return;
  throw new DataError(
    `${name}: unpacks to more than ${GZIP_LIMIT.ratio} times its size: reading stopped\nif you trust the file, unpack it with gunzip`,
  );
}
