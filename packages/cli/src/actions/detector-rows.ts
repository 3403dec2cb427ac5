import { UsageError } from "@flowify/core";
import { rowName } from "../data/table/block.js";
import { checkColumns } from "../data/table/check-columns.js";
import { openTable } from "../data/table/open-table.js";
import type { TableSchema } from "../data/table/schema.js";
import { type DetectorInput, detectorEncoder } from "../detect/detector-inputs.js";
import { unknownName } from "../ui/suggest.js";
import type { Terminal } from "../ui/terminal.js";

/** Rows as the detector takes them, what each is called, and their numbers in the file, from 1 on. */
export type DetectorRows = Readonly<{
  rows: Float32Array;
  names: readonly string[];
  numbers: readonly number[];
}>;

export type DetectorRowsOptions = Readonly<{
  schema: TableSchema;
  inputs: readonly DetectorInput[];
  id?: string | undefined;
  /** An SQL condition: rows that do not fulfil it are left out. */
  where?: string | undefined;
  warn: Terminal["warn"];
}>;

/**
 * The rows of a table, a block at a time. They are called by their id, else by their number from 1 on.
 *
 * @throws DataError for a table that does not fit the schema, UsageError for an id column that it lacks
 */
export async function* detectorRows(
  file: string,
  { schema, inputs, id, where, warn }: DetectorRowsOptions,
): AsyncGenerator<DetectorRows> {
  const table = await openTable(file, { where, schema });
  if (id !== undefined && !table.names.includes(id))
    throw new UsageError(`--id: ${file}: ${unknownName("column", id, table.names)}`);
  for (const line of checkColumns(file, table.names, schema)) warn(line);
  const named = id ?? schema.columns.find(({ use }) => use === "id")?.name;
  const idAt = named === undefined ? -1 : table.names.indexOf(named);
  if (named !== undefined && idAt < 0)
    warn(`${file}: lacks the column "${named}", which names the rows: they are called by their numbers`);
  const encoder = detectorEncoder(file, table, inputs);
  for await (const block of table.blocks()) {
    if (block.count === 0) continue;
    const ids = block.columns[idAt];
    const names = block.numbers.map((_, i) => (ids ? String(ids.at(i) ?? "") : rowName(block, i)));
    yield { rows: encoder.encode(block), names, numbers: block.numbers };
  }
  for (const line of encoder.notes()) warn(`${file}: ${line}`);
}

/** All rows of a table in memory, [count, width]. */
export async function allDetectorRows(file: string, options: DetectorRowsOptions): Promise<DetectorRows> {
  const parts: DetectorRows[] = [];
  for await (const part of detectorRows(file, options)) parts.push(part);
  const rows = new Float32Array(parts.reduce((sum, part) => sum + part.rows.length, 0));
  let at = 0;
  for (const part of parts) {
    rows.set(part.rows, at);
    at += part.rows.length;
  }
  return {
    rows,
    names: parts.flatMap(({ names }) => names),
    numbers: parts.flatMap(({ numbers }) => numbers),
  };
}
