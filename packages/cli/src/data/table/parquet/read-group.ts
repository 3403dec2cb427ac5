import { DataError } from "@flowify/core";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetSchema,
  type RowGroup,
} from "hyparquet";
import { assembleAsync } from "hyparquet/src/rowgroup.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { flatten } from "hyparquet/src/utils.js";
import type { CellColumn } from "../block.js";
import type { Cell } from "../cell.js";
import { decodeFlat } from "./flat-column.js";
import { decodeColumn } from "./read-column.js";

/** Cells of a row group at most: it is decoded at once. Writers make groups of about a million rows. */
const LARGEST_GROUP = 2 ** 27;

/** A row group of a file: `index` from 0 on. */
export type Group = Readonly<{ path: string; metadata: FileMetaData; index: number }>;

/** The error of a damaged Parquet file; `where` begins with a comma. */
export const damagedParquet = (path: string, cause: unknown, where = ""): DataError =>
  new DataError(
    `${path}${where}: not a readable Parquet file (${(cause as Error).message})\nwrite it again, with snappy, gzip or no compression`,
    { cause },
  );

/**
 * The columns of a row group, in the order of the schema, each with all of its rows.
 *
 * @throws DataError that names the file, the row group and the column
 */
export async function readGroup(
  { file, compressors }: Readonly<{ file: AsyncBuffer; compressors: Compressors }>,
  { path, metadata, index }: Group,
): Promise<readonly CellColumn[]> {
  const group = metadata.row_groups[index]!;
  const here = `, row group ${index + 1}`;
  const rows = Number(group.num_rows);
  const tree = parquetSchema(metadata);
  if (!(rows >= 0 && rows * group.columns.length <= LARGEST_GROUP))
    throw damagedParquet(
      path,
      new RangeError(
        `${rows} rows of ${group.columns.length} columns in a row group, expected at most ${LARGEST_GROUP} cells`,
      ),
      here,
    );
  const asyncColumns = [];
  const whole = new Map<string, CellColumn>();
  for (const chunk of group.columns) {
    const name = chunk.meta_data?.path_in_schema.join(".") ?? "?";
    try {
      const { meta, bytes } = await chunkBytes(file, chunk);
      const levels = getTreePath(tree, meta.path_in_schema);
      const found = decodeFlat(bytes, meta, levels, rows, compressors);
      if (found) {
        whole.set(meta.path_in_schema[0]!, found);
        continue;
      }
      const data = decodeColumn(bytes, meta, levels, rows, compressors);
      asyncColumns.push({ pathInSchema: meta.path_in_schema, data: Promise.resolve({ data, skipped: 0 }) });
    } catch (cause) {
      throw damagedParquet(path, cause, `${here}, column ${JSON.stringify(name)}`);
    }
  }
  const assembled = assembleAsync(
    { groupStart: 0, groupRows: rows, selectStart: 0, selectEnd: rows, asyncColumns },
    tree,
  );
  const settled = await Promise.allSettled(assembled.asyncColumns.map(({ data }) => data));
  return tree.children.map(({ element: { name } }) => {
    const found = whole.get(name);
    if (found) return found;
    const at = assembled.asyncColumns.findIndex(({ pathInSchema }) => pathInSchema[0] === name);
    const column = settled[at];
    const problem =
      column === undefined
        ? new RangeError("missing")
        : column.status === "rejected"
          ? column.reason
          : undefined;
    const values = column?.status === "fulfilled" ? flatten(column.value.data) : [];
    if (problem !== undefined || values.length < rows)
      throw damagedParquet(
        path,
        problem ?? new RangeError(`${values.length} values, expected ${rows}`),
        `${here}, column ${JSON.stringify(name)}`,
      );
    return { at: (row) => cellOf(values[row]) };
  });
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}

/** The packed pages of a column of a row group. */
async function chunkBytes(
  file: AsyncBuffer,
  { meta_data: meta, file_path: other }: RowGroup["columns"][number],
) {
  if (meta === undefined || other) throw new RangeError("its pages are in another file");
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset);
  return { meta, bytes: await file.slice(start, start + Number(meta.total_compressed_size)) };
}
