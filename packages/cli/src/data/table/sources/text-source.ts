import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "@flowify/core";
import { DEFLATE_MAX_RATIO, FETCH_AGAIN, readError } from "../../../files/packed.js";
import { expectRegularFile } from "../../../files/regular-file.js";

/** A gzip file that unpacks to more than this many bytes, and to more than this many times its size, is refused. */
export const GZIP_LIMIT = { bytes: 2 ** 26, ratio: 200 } as const;

/** Bytes that are read at once. */
const PIECE = 2 ** 18;

/** The bytes of a text file, unpacked where it is a gzip file; read from the start as often as wanted. */
export type TextSource = Readonly<{
  pieces(): AsyncGenerator<Uint8Array>;
}>;

/**
 * @param kind of file, for messages: `a table`
 * @throws DataError for a file that is missing, no file, damaged, or a decompression bomb; nothing is kept in memory
 */
export function textSource(
  path: string,
  name: string,
  kind: string,
  packed = /\.gz$/i.test(path),
): TextSource {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    expectRegularFile(path);
    const input = createReadStream(path, { highWaterMark: PIECE });
    const bytes: Readable = packed ? pipeline(input, createGunzip(), () => {}) : input;
    try {
      if (packed) expectNoBomb(path, name, sizeInside(path));
      let unpacked = 0;
      for await (const piece of bytes as AsyncIterable<Uint8Array>) {
        unpacked += piece.length;
        if (packed) expectNoBomb(path, name, unpacked);
        yield piece;
      }
    } catch (cause) {
      throw failure(name, kind, cause);
    } finally {
      bytes.destroy();
      input.destroy();
    }
  }
  return { pieces };
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

function failure(name: string, kind: string, cause: unknown): unknown {
  if (cause instanceof DataError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "Z_BUF_ERROR") return new DataError(`${name}: gzip file cut short${FETCH_AGAIN}`, { cause });
  if (code?.startsWith("Z_"))
    return new DataError(`${name}: damaged gzip file (${message})${FETCH_AGAIN}`, { cause });
  return readError(name, kind, cause);
}
