import { DataError } from "@flowify/core";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import type { Cell } from "./cell.js";
import { BLOCK, type Table, uniqueNames } from "./table.js";

/** What reads a Parquet file: its bytes, and how they are unpacked besides Snappy, which comes with hyparquet. */
export type ParquetSource = Readonly<{ file: AsyncBuffer; compressors: Compressors }>;

/** The table of a Parquet file, from wherever its bytes come, read a group of its rows at a time. */
export async function parquetRows(path: string, source: ParquetSource): Promise<Table> {
  const metadata = await parquetMetadataAsync(source.file).catch((cause: unknown) => {
    throw damaged(path, cause);
  });
  const found = parquetSchema(metadata).children.map(({ element }) => element.name);
  const { names, notes } = uniqueNames(found);
  return { names, notes, decimalComma: false, blocks: () => blocks(path, source, metadata, found) };
}

async function* blocks(
  path: string,
  source: ParquetSource,
  metadata: FileMetaData,
  names: readonly string[],
): AsyncGenerator<Cell[][]> {
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    const rows = await parquetReadObjects({ ...source, metadata, rowStart, rowEnd }).catch(
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
