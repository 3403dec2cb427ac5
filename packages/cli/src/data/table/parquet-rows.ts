import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
} from "hyparquet";
import { type Block, columnsOf } from "./block.js";
import { partOf } from "./columns.js";
import { damagedParquet, readGroup } from "./parquet/read-group.js";
import { COLUMN_BLOCK, type Table, uniqueNames } from "./table.js";

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
    for (let at = 0; at < rows; at += COLUMN_BLOCK) {
      const end = Math.min(at + COLUMN_BLOCK, rows);
      const parts = columns.map((column) => partOf(column, at, end));
      yield columnsOf(parts, end - at, before + at);
    }
    before += rows;
  }
}
