import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
} from "hyparquet";
import type { Cell } from "./cell.js";
import { damagedParquet, readGroup } from "./parquet/read-group.js";
import { BLOCK, type Block, blockOf, type Table, uniqueNames } from "./table.js";

/** What reads a Parquet file: its bytes, and how they are unpacked besides Snappy, which flowify unpacks itself. */
export type ParquetSource = Readonly<{ file: AsyncBuffer; compressors: Compressors }>;

/** The table of a Parquet file, from wherever its bytes come, read a group of its rows at a time. */
export async function parquetRows(path: string, source: ParquetSource): Promise<Table> {
  try {
    const metadata = await parquetMetadataAsync(source.file);
    const found = parquetSchema(metadata).children.map(({ element }) => element.name);
    const { names, notes } = uniqueNames(found);
    return { names, notes, decimalComma: false, blocks: () => blocks(path, source, metadata) };
  } catch (cause) {
    throw damagedParquet(path, cause);
  }
}

async function* blocks(path: string, source: ParquetSource, metadata: FileMetaData): AsyncGenerator<Block> {
  let before = 0;
  for (const index of metadata.row_groups.keys()) {
    const columns = await readGroup(source, { path, metadata, index });
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
