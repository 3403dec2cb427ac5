import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { expectRegularFile } from "./regular-file.js";

/** deflate cannot shrink more than this, so what a file claims can be judged before it is unpacked. */
export const DEFLATE_MAX_RATIO = 1032;

/** What helps against a file that is damaged. */
export const FETCH_AGAIN = "\nfetch the file again, or write it again";

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** What the operating system has against reading a file; `kind` is what it should have been. */
export function readError(path: string, kind: string, cause: unknown): DataError {
  const code = (cause as NodeJS.ErrnoException).code;
  const what = {
    ENOENT: "no such file",
    EISDIR: `a folder, expected ${kind}`,
    EACCES: "no permission to read it",
  };
  return new DataError(`${path}: ${what[code as keyof typeof what] ?? String(cause)}`, { cause });
}

/** @throws DataError that names the file; `kind` is what it should have been */
export async function readBytes(path: string, kind: string): Promise<Uint8Array> {
  expectRegularFile(path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw readError(path, kind, cause);
  }
}

/**
 * Unpacks a gzip file into at most `limit` bytes, whatever it would like to become.
 *
 * @throws DataError that names the file; with `tooLong` where it unpacks to more
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
