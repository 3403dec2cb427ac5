import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
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
    ENOENT: "no such file",
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
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new DataError(`${path}: ${tooLong}`, { cause });
    throw new DataError(
      `${path}: ${code === "Z_BUF_ERROR" ? "gzip file cut short" : `damaged gzip file (${message})`}${FETCH_AGAIN}`,
      { cause },
    );
  }
}
