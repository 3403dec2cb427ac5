import type { Reading } from "../format.js";
import { checkColumns, expectUsable, leftOut } from "./check-columns.js";
import { type EncodedRows, encodedNames, rowEncoder } from "./encode-rows.js";
import { findSchema } from "./find-schema.js";
import { lookAlikeHints } from "./look-alikes.js";
import { openTable } from "./open-table.js";
import type { TableSchema } from "./schema.js";

/** All rows of a table in memory, as the flow takes them. */
export type TableRows = EncodedRows &
  Readonly<{
    schema: TableSchema;
    /** Names of the numbers of a row. */
    names: readonly string[];
    /** What a user should know of the file, a line each. */
    notes: readonly string[];
  }>;

/**
 * Reads a table whole: as the table of `reading.schema` where there is one, else with the columns that it is found to have.
 *
 * @throws DataError for a file that is missing, damaged or does not fit; UsageError for columns that it does not have
 */
export async function readRows(path: string, reading: Reading = {}): Promise<TableRows> {
  const table = await openTable(path, reading);
  const schema = reading.schema ?? (await findSchema(path, table, reading));
  if (reading.schema === undefined) expectUsable(path, schema);
  const differences = checkColumns(path, table.names, schema);
  const encoder = rowEncoder(path, table, schema);
  const parts: EncodedRows[] = [];
  for await (const block of table.blocks()) parts.push(encoder.encode(block));
  encoder.end();
  const joined = join(parts, encoder.names.length);
  const found =
    reading.schema === undefined
      ? [...table.notes, ...leftOut(schema.columns), ...lookAlikeHints(schema.columns)]
      : differences;
  return {
    ...joined,
    schema,
    names: encodedNames(schema),
    notes: [...found, ...encoder.notes()].map((line) => (line.startsWith(path) ? line : `${path}: ${line}`)),
  };
}

function join(parts: readonly EncodedRows[], width: number): EncodedRows {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const rows = new Float32Array(count * width);
  const fillLog = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    rows.set(part.rows, at * width);
    fillLog.set(part.fillLog, at);
    at += part.count;
  }
  return {
    rows,
    fillLog,
    count,
    ids: parts.flatMap(({ ids }) => ids),
    rowNames: parts.flatMap(({ rowNames }) => rowNames),
  };
}
