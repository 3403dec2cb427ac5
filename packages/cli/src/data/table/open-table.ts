import { DataError } from "@flowify/core";
import { ARRAY_ENDING, areOfArray, arrayTable } from "./array-table.js";
import { arrowTable } from "./arrow-table.js";
import { csvTable } from "./csv-table.js";
import { jsonLinesTable } from "./json-lines.js";
import { parquetTable } from "./parquet-table.js";
import type { TableSchema } from "./schema.js";
import { filesOf } from "./sources/file-pattern.js";
import { severalFiles } from "./sources/several-files.js";
import { keptStandardInput, STANDARD_INPUT, STANDARD_INPUT_NAME } from "./sources/standard-input.js";
import type { Table } from "./table.js";
import { filteredTable } from "./where/filter-rows.js";

/** `called`: the name of the file in messages. */
type Reader = (path: string, called?: string) => Promise<Table>;

const readers: readonly (readonly [ending: RegExp, open: Reader])[] = [
  [/\.(csv|tsv|tab)(\.gz)?$/i, csvTable],
  [/\.(jsonl|ndjson)(\.gz)?$/i, jsonLinesTable],
  [/\.parquet$/i, parquetTable],
  [/\.(arrows?|feather|ipc)$/i, arrowTable],
];

/** An array is a table only where it is read as one: otherwise it holds images, or rows of numbers. */
const allReaders: typeof readers = [...readers, [ARRAY_ENDING, arrayTable]];

/** The end of the name of a table. */
export const TABLE_ENDING = new RegExp(readers.map(([{ source }]) => source).join("|"), "i");

/** True for the name of a table: of a file or of files with such an ending, or of standard input. An array is one for a run of such a table. */
export const isTable = (path: string, schema?: TableSchema): boolean =>
  path === STANDARD_INPUT ||
  TABLE_ENDING.test(path) ||
  (ARRAY_ENDING.test(path) && schema !== undefined && areOfArray(schema));

/**
 * The table in a file, in several files that a pattern names, or on standard input: CSV, TSV, JSON lines, Parquet, Arrow, or an array.
 *
 * @param where an SQL condition that the rows must fulfil
 * @throws UsageError for a wrong condition, DataError for a file of another kind, a missing, empty or damaged one
 */
export async function openTable(
  path: string,
  { where }: { where?: string | undefined } = {},
): Promise<Table> {
  const table = await tableIn(path);
  return where === undefined ? table : filteredTable(path, table, where);
}

async function tableIn(path: string): Promise<Table> {
  if (path === STANDARD_INPUT) return openFile(keptStandardInput(), STANDARD_INPUT_NAME);
  const [first = path, ...others] = filesOf(path);
  return others.length === 0 ? openFile(first) : severalFiles([first, ...others], openFile);
}

async function openFile(path: string, called?: string): Promise<Table> {
  const open = allReaders.find(([ending]) => ending.test(path))?.[1];
  if (open) return open(path, called);
  throw new DataError(
    `${called ?? path}: a file of an unknown kind, expected .csv, .tsv, .jsonl, .parquet, .arrow, .npy or .npz`,
  );
}
