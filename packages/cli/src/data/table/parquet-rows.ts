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
import { COLUMN_BLOCK, type PartRange, type Table, uniqueNames } from "./table.js";

/** What reads a Parquet file: its bytes, and how they are unpacked besides Snappy, which flowify unpacks itself. */
export type ParquetSource = Readonly<{ file: AsyncBuffer; compressors: Compressors }>;

/** The table of a Parquet file, from wherever its bytes come, read a group of its rows at a time. */
export async function parquetRows(path: string, source: ParquetSource): Promise<Table> {
  try {
    const metadata = await parquetMetadataAsync(source.file);
    const found = parquetSchema(metadata).children.map(({ element }) => element.name);
    const { names, notes } = uniqueNames(found);
    const parts = metadata.row_groups.map(({ num_rows, total_byte_size }) => ({
      rows: Number(num_rows),
      bytes: Number(total_byte_size),
    }));
    return {
      names,
      notes,
      decimalComma: false,
      parts,
      blocks: (range) => blocks(path, source, metadata, range),
    };
  } catch (cause) {
    throw damagedParquet(path, cause);
  }
}

async function* blocks(
  path: string,
  source: ParquetSource,
  metadata: FileMetaData,
  { from, to }: PartRange = { from: 0, to: metadata.row_groups.length },
): AsyncGenerator<Block> {
  let before = 0;
  for (const [index, group] of metadata.row_groups.entries()) {
    const rows = Number(group.num_rows);
    if (index >= from && index < to) {
      const columns = await readGroup(source, { path, metadata, index });
      for (let at = 0; at < rows; at += COLUMN_BLOCK) {
        const end = Math.min(at + COLUMN_BLOCK, rows);
        yield columnsOf(
          columns.map((column) => partOf(column, at, end)),
          end - at,
          before + at,
        );
      }
    }
    before += rows;
  }
}
