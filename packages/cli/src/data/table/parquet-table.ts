import { closeSync, openSync, readSync, statSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { expectRegularFile } from "../regular-file.js";
import type { Cell } from "./cell.js";
import { BLOCK, type Table, uniqueNames } from "./table.js";

/** Snappy comes with hyparquet. What is unpacked is at most as long as the file says. */
const compressors: Compressors = {
  GZIP: (packed, maxOutputLength) => gunzipSync(packed, { maxOutputLength }),
  BROTLI: (packed, maxOutputLength) => brotliDecompressSync(packed, { maxOutputLength }),
};

/**
 * The bytes of a file. They are read at once: where one column is damaged, hyparquet leaves the promises of the others
 * alone, and nobody would catch their errors.
 */
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

/** An Apache Parquet file, read a group of its rows at a time. */
export async function parquetTable(path: string): Promise<Table> {
  expectRegularFile(path);
  const file = bufferOf(path);
  const metadata = await parquetMetadataAsync(file).catch((cause: unknown) => {
    throw damaged(path, cause);
  });
  const found = parquetSchema(metadata).children.map(({ element }) => element.name);
  const { names, notes } = uniqueNames(found);
  return { names, notes, decimalComma: false, blocks: () => blocks(path, metadata, found) };
}

async function* blocks(
  path: string,
  metadata: FileMetaData,
  names: readonly string[],
): AsyncGenerator<Cell[][]> {
  const file = bufferOf(path);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors }).catch(
      (cause: unknown) => {
        throw damaged(path, cause);
      },
    );
    for (let at = 0; at < rows.length; at += BLOCK)
      yield rows.slice(at, at + BLOCK).map((row) => names.map((name) => cellOf(row[name])));
    rowStart = rowEnd;
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}

const damaged = (path: string, cause: unknown): DataError =>
  new DataError(
    `${path}: not a readable Parquet file (${(cause as Error).message})\nwrite it again, with snappy, gzip or no compression`,
    { cause },
  );
