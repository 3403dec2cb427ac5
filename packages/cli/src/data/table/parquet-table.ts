import { closeSync, openSync, readSync, statSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { AsyncBuffer, Compressors } from "hyparquet";
import { expectRegularFile } from "../../files/regular-file.js";
import { parquetRows } from "./parquet-rows.js";
import type { Table } from "./table.js";

/** What is unpacked is at most as long as the file says. */
const compressors: Compressors = {
  GZIP: (packed, maxOutputLength) => gunzipSync(packed, { maxOutputLength }),
  BROTLI: (packed, maxOutputLength) => brotliDecompressSync(packed, { maxOutputLength }),
};

/** The bytes of a file, read where they are asked for. */
function bufferOf(path: string): AsyncBuffer {
  const { size } = statSync(path);
  return {
    byteLength: size,
    slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size))
        throw new RangeError(`bytes ${start} to ${end} of ${size} are asked for`);
      const bytes = new Uint8Array(end - start);
      const file = openSync(path, "r");
      try {
        for (let at = 0; at < bytes.length; ) {
          const read = readSync(file, bytes, at, bytes.length - at, start + at);
          if (read === 0) throw new RangeError("the file has become shorter");
          at += read;
        }
      } finally {
        closeSync(file);
      }
      return bytes.buffer;
    },
  };
}

/** An Apache Parquet file. */
export async function parquetTable(path: string, called = path): Promise<Table> {
  expectRegularFile(path);
  return parquetRows(called, { file: bufferOf(path), compressors });
}
