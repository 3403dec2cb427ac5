import type { Write } from "../../files/atomic.js";
import type { Cell } from "../table/cell.js";
import { csvWriter } from "./csv-writer.js";
import { joinedParquet, PARQUET_BEGUN, parquetWriter } from "./parquet-writer.js";
import {
  type RowFormat,
  type RowWriter,
  rounded,
  type TableFormat,
  typedCell,
  type WrittenColumn,
  type WrittenRow,
} from "./written-rows.js";

/** JSON has no infinite numbers: they are texts, as CSV has them. NaN is a missing value, and null. */
const jsonCell = (cell: Cell): Cell =>
  typeof cell === "number" && Math.abs(cell) === Infinity ? String(cell) : cell;

/** Text of rows as JSON, an object each. */
function jsonTexts(columns: readonly WrittenColumn[]): (rows: readonly WrittenRow[]) => string[] {
  const typed = columns.map(typedCell);
  return (rows) =>
    rows.map((row) => {
      const cells = columns.map((column, i) => [column.name, jsonCell(typed[i]!(rounded(column, row[i]!)))]);
      return JSON.stringify(Object.fromEntries(cells));
    });
}

/** Writes rows as JSON lines, an object each. */
export function jsonLinesWriter(
  columns: readonly WrittenColumn[],
  write: (lines: string) => Promise<void>,
): RowWriter {
  const texts = jsonTexts(columns);
  return {
    add: (rows) => write(texts(rows).reduce((all, text) => `${all}${text}\n`, "")),
    flush: async () => {},
    end: async () => {},
    progress: () => ({}),
  };
}

/** Writes rows as an array of JSON, an object a line. `begun`: the progress of another writer. */
function jsonArrayWriter(columns: readonly WrittenColumn[], write: Write, begun: unknown): RowWriter {
  const texts = jsonTexts(columns);
  let between = begun === undefined ? "[\n" : ",\n";
  return {
    async add(rows) {
      if (rows.length === 0) return;
      await write(between + texts(rows).join(",\n"));
      between = ",\n";
    },
    flush: async () => {},
    end: () => write(between === ",\n" ? "\n]\n" : "[]\n"),
    progress: () => (between === ",\n" ? {} : undefined),
  };
}

export type RowWriterOptions = Readonly<{
  /** The progress of a writer whose rows are in the file already. */
  begun?: unknown;
  /** Rows of a group of rows in Parquet at least, but for the last one. */
  group?: number;
  /** What stands between cells of CSV; by default a comma. */
  separator?: string | undefined;
}>;

type OpenWriter = (columns: readonly WrittenColumn[], write: Write, options: RowWriterOptions) => RowWriter;

const writers: Readonly<Record<TableFormat, OpenWriter>> = {
  csv: csvWriter,
  json: (columns, write, { begun }) => jsonArrayWriter(columns, write, begun),
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
