import type { Write } from "../../files/atomic.js";
import { csvWriter } from "./csv-writer.js";
import { jsonLinesWriter } from "./json-lines-writer.js";
import { joinedParquet, PARQUET_BEGUN, parquetWriter } from "./parquet-writer.js";
import type { RowFormat, RowWriter, TableFormat, WrittenColumn } from "./written-rows.js";

export type RowWriterOptions = Readonly<{
  /** The progress of a writer whose rows are in the file already. */
  begun?: unknown;
  /** Rows of a group of rows in Parquet at least, but for the last one. */
  group?: number;
}>;

type OpenWriter = (columns: readonly WrittenColumn[], write: Write, options: RowWriterOptions) => RowWriter;

const writers: Readonly<Record<TableFormat, OpenWriter>> = {
  csv: (columns, write, { begun }) => csvWriter(columns, write, begun),
  jsonl: jsonLinesWriter,
  parquet: (columns, write, { begun, group }) => parquetWriter(columns, write, begun, group),
};

/** A writer of these columns. */
export const rowWriter = (
  format: TableFormat,
  columns: readonly WrittenColumn[],
  write: Write,
  options: RowWriterOptions = {},
): RowWriter => writers[format](columns, write, options);

/** The progress of a writer whose rows come behind those of another one. */
export const begunBehind = (format: RowFormat): unknown => (format === "parquet" ? PARQUET_BEGUN : {});

/** The progress of a writer whose file holds what several writers wrote, one after another. */
export const joinedProgress = (
  format: RowFormat,
  parts: readonly Readonly<{ bytes: number; progress: unknown }>[],
): unknown => (format === "parquet" ? joinedParquet(parts) : {});
