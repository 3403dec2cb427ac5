import { closeSync, openSync, readSync, statSync } from "node:fs";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetSchema } from "hyparquet";
import { expectRegularFile } from "../regular-file.js";
import type { Cell } from "./cell.js";
import { damagedParquet, readGroup } from "./parquet/read-group.js";
import { BLOCK, type Block, blockOf, type Table, uniqueNames } from "./table.js";

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

/** An Apache Parquet file, read a group of its rows at a time. */
export async function parquetTable(path: string, called = path): Promise<Table> {
  expectRegularFile(path);
  const file = bufferOf(path);
  try {
    const metadata = await parquetMetadataAsync(file);
    const found = parquetSchema(metadata).children.map(({ element }) => element.name);
    const { names, notes } = uniqueNames(found);
    return { names, notes, decimalComma: false, blocks: () => blocks(path, called, metadata) };
  } catch (cause) {
    throw damagedParquet(called, cause);
  }
}

async function* blocks(path: string, called: string, metadata: FileMetaData): AsyncGenerator<Block> {
  const file = bufferOf(path);
  let before = 0;
  for (const index of metadata.row_groups.keys()) {
    const columns = await readGroup(file, { path: called, metadata, index });
    const rows = Number(metadata.row_groups[index]!.num_rows);
    for (let at = 0; at < rows; at += BLOCK) {
      const cells = Array.from({ length: Math.min(BLOCK, rows - at) }, (_, i) =>
        columns.map((column) => cellOf(column[at + i])),
      );
      yield blockOf(cells, before + at);
    }
    before += rows;
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}
