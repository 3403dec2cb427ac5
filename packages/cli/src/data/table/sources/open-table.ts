import { closeSync, openSync, readSync, statSync } from "node:fs";
import { unpackedPieces } from "../../../files/packed.js";
import { expectRegularFile } from "../../../files/regular-file.js";
import { unknownKind } from "../../../files/unknown-kind.js";
import { arrowTable } from "../arrow.js";
import type { ByteSource } from "../arrow-messages.js";
import { calendarColumns, withCalendar } from "../calendar.js";
import { csvTable } from "../csv.js";
import { jsonTable } from "../json.js";
import { orderedTable } from "../ordered-table.js";
import { parquetTable } from "../parquet-table.js";
import type { TableSchema } from "../schema.js";
import type { Table } from "../table.js";
import { filteredTable } from "../where/filter-rows.js";
import type { ColumnFormats } from "../written-as.js";
import { ARRAY_ENDING, areOfArray, arrayTable } from "./array-table.js";
import { filesOf } from "./file-pattern.js";
import { severalFiles } from "./several-files.js";
import { keptStandardInput, STANDARD_INPUT, STANDARD_INPUT_NAME } from "./standard-input.js";

type Opening = Readonly<{
  where?: string | undefined;
  calendar?: readonly string[] | undefined;
  schema?: TableSchema | undefined;
}>;

/** `called`: the name of the file in messages. */
type Reader = (path: string, called: string, known: ColumnFormats) => Promise<Table>;

const readers: readonly (readonly [ending: RegExp, open: Reader])[] = [
  [
    /\.(csv|tsv|tab)(\.gz)?$/i,
    (path, called, known) => csvTable(called, () => unpackedPieces(path, called, "a table"), known),
  ],
  [
    /\.(json|jsonl|ndjson)(\.gz)?$/i,
    (path, called, known) =>
      jsonTable(called, () => unpackedPieces(path, called, "JSON"), /\.json(\.gz)?$/i.test(path), known),
  ],
  [/\.parquet$/i, parquetTable],
  [/\.(arrows?|feather|ipc)$/i, async (path, called) => arrowTable(called, byteFile(path))],
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
 * The table in a file, in several files that a pattern names, or on standard input: CSV, TSV, JSON, Parquet, Arrow, or an array.
 *
 * @param where an SQL condition that the rows must fulfil
 * @param calendar columns of dates that are taken apart. Default: those that `schema` has
 * @throws UsageError for a wrong condition, DataError for a file of another kind, a missing, empty or damaged one
 */
export async function openTable(path: string, { where, calendar, schema }: Opening = {}): Promise<Table> {
  const found = await tableIn(path, formatsOf(schema));
  const table = where === undefined ? found : await filteredTable(path, found, where);
  const dated = withCalendar(table, calendar ?? (schema ? calendarColumns(schema) : []));
  return schema?.order ? orderedTable(path, dated, schema.order) : dated;
}

/** How the cells of a training table are written. */
const formatsOf = (schema?: TableSchema): ColumnFormats =>
  new Map(
    schema?.columns.flatMap((column) =>
      column.writtenAs || column.style ? [[column.name, column] as const] : [],
    ),
  );

async function tableIn(path: string, known: ColumnFormats): Promise<Table> {
  if (path === STANDARD_INPUT) return openFile(keptStandardInput(), STANDARD_INPUT_NAME, known);
  const [first = path, ...others] = filesOf(path);
  return others.length === 0
    ? openFile(first, first, known)
    : severalFiles([first, ...others], (file, leading) =>
        openFile(file, file, new Map([...(leading?.formats ?? []), ...known])),
      );
}

async function openFile(path: string, called: string, known: ColumnFormats): Promise<Table> {
  const open = allReaders.find(([ending]) => ending.test(path))?.[1];
  if (open) return open(path, called, known);
  throw unknownKind(called, ".csv, .tsv, .json, .jsonl, .parquet, .arrow, .npy or .npz");
}

/** The bytes of a file, read where they are asked for. */
function byteFile(path: string): ByteSource {
  expectRegularFile(path);
  return {
    size: statSync(path).size,
    read(start, length) {
      const bytes = new Uint8Array(length);
      const file = openSync(path, "r");
      try {
        for (let at = 0; at < length; ) {
          const read = readSync(file, bytes, at, length - at, start + at);
          if (read === 0) throw new RangeError("the file has become shorter");
          at += read;
        }
      } finally {
        closeSync(file);
      }
      return bytes;
    },
  };
}
