import { DataError } from "@flowify/core";
import { csvTable } from "./csv-table.js";
import { jsonLinesTable } from "./json-lines.js";
import { parquetTable } from "./parquet-table.js";
import type { Table } from "./table.js";

const readers: readonly (readonly [ending: RegExp, open: (path: string) => Promise<Table>])[] = [
  [/\.(csv|tsv|tab)$/i, csvTable],
  [/\.(jsonl|ndjson)$/i, jsonLinesTable],
  [/\.parquet$/i, parquetTable],
];

/** The end of the name of a table. */
export const TABLE_ENDING = new RegExp(readers.map(([{ source }]) => source).join("|"), "i");

/**
 * The table in a file: CSV, TSV, JSON lines or Parquet.
 *
 * @throws DataError for a file of another kind, a missing, empty or damaged one
 */
export function openTable(path: string): Promise<Table> {
  const open = readers.find(([ending]) => ending.test(path))?.[1];
  if (open) return open(path);
  throw new DataError(`${path}: a file of an unknown kind, expected .csv, .tsv, .jsonl or .parquet`);
}
