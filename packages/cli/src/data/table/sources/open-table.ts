import { closeSync, openSync, readSync, statSync } from "node:fs";
import { unpackedPieces } from "../../../files/packed.js";
import { expectRegularFile } from "../../../files/regular-file.js";
import { unknownKind } from "../../../files/unknown-kind.js";
import { arrowTable } from "../arrow.js";
import type { ByteSource } from "../arrow-messages.js";
import { calendarColumns, withCalendar } from "../calendar.js";
import { csvTable } from "../csv.js";
import { jsonTable } from "../json.js";
import { withoutCodes } from "../missing-codes.js";
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
  missing?: readonly string[] | undefined;
  schema?: TableSchema | undefined;
}>;

/** `called`: the name of the file in messages. */
type Reader = (path: string, called: string, as: ReadAs) => Promise<Table>;

/** How a training table was read, and a later one is. */
type ReadAs = Readonly<{ known: ColumnFormats; missing: readonly string[] }>;

const readers: readonly (readonly [ending: RegExp, open: Reader])[] = [
  [
    /\.(csv|tsv|tab)(\.gz)?$/i,
    (path, called, { known, missing }) =>
      csvTable(called, () => unpackedPieces(path, called, "a table"), known, missing),
  ],
  [
    /\.(json|jsonl|ndjson)(\.gz)?$/i,
    (path, called, { known, missing }) =>
      jsonTable(
        called,
        () => unpackedPieces(path, called, "JSON"),
        /\.json(\.gz)?$/i.test(path),
        known,
        missing,
      ),
  ],
  [/\.parquet$/i, async (path, called, { missing }) => typed(await parquetTable(path, called), missing)],
  [
    /\.(arrows?|feather|ipc)$/i,
    async (path, called, { missing }) => typed(await arrowTable(called, byteFile(path)), missing),
  ],
];

/** A table of cells that have a type. */
const typed = (table: Table, missing: readonly string[]): Table => ({
  ...table,
  blocks: (range) => withoutCodes(table.blocks(range), missing),
});

/** An array is a table only where it is read as one: otherwise it holds images, or rows of numbers. */
const allReaders: typeof readers = [
  ...readers,
  [ARRAY_ENDING, async (path, called, { missing }) => typed(await arrayTable(path, called), missing)],
];

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
 * @param missing cells that stand for a missing value. Default: those of `schema`
 * @param calendar columns of dates that are taken apart. Default: those that `schema` has
 * @throws UsageError for a wrong condition, DataError for a file of another kind, a missing, empty or damaged one
 */
export async function openTable(
  path: string,
  { where, calendar, schema, missing = schema?.missing ?? [] }: Opening = {},
): Promise<Table> {
  const read = await tableIn(path, { known: formatsOf(schema), missing });
  const found = missing.length > 0 ? { ...read, missing } : read;
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

async function tableIn(path: string, as: ReadAs): Promise<Table> {
  if (path === STANDARD_INPUT) return openFile(keptStandardInput(), STANDARD_INPUT_NAME, as);
  const [first = path, ...others] = filesOf(path);
  return others.length === 0
    ? openFile(first, first, as)
    : severalFiles([first, ...others], (file, leading) =>
        openFile(file, file, { ...as, known: new Map([...(leading?.formats ?? []), ...as.known]) }),
      );
}

async function openFile(path: string, called: string, as: ReadAs): Promise<Table> {
  const open = allReaders.find(([ending]) => ending.test(path))?.[1];
  if (open) return open(path, called, as);
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
