import { checkColumns } from "../data/table/check-columns.js";
import { rowEncoder } from "../data/table/encode-rows.js";
import { openTable, TABLE_ENDING } from "../data/table/open-table.js";
import { readRows } from "../data/table/read-rows.js";
import type { TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { pickRows } from "../detect/score-rows.js";
import type { RunConfig } from "../format/config.js";
import { formatCount } from "../ui/format.js";
import type { Terminal } from "../ui/terminal.js";

/** Rows in one piece, what each is called, and the log density of the noise in place of missing values. */
export type NamedRows = Readonly<{
  images: Float32Array;
  names: readonly string[];
  fillLog: Float64Array;
  source?: string;
}>;

export type RowsOptions = Readonly<{
  schema: TableSchema;
  id: string | undefined;
  seed: number;
  warn: Terminal["warn"];
}>;

export const isTable = (path: string): boolean => TABLE_ENDING.test(path);

/**
 * The rows of tables, a block at a time: memory does not grow with their number. Rows are called by their id, else by their
 * number from 1 on.
 *
 * @throws DataError for a table that does not fit the schema
 */
export async function* rowsOfTables(
  files: readonly string[],
  { schema, id, seed, warn }: RowsOptions,
): AsyncGenerator<NamedRows> {
  for (const file of files) {
    const table = await openTable(file);
    for (const line of checkColumns(file, table.names, schema)) warn(line);
    const encoder = rowEncoder(file, table, schema, { seed, id });
    const prefix = files.length > 1 ? `${file}#` : "";
    let row = 0;
    for await (const block of table.blocks()) {
      const { rows, fillLog, ids, count } = encoder.encode(block);
      const names = Array.from({ length: count }, (_, i) => `${prefix}${ids[i] ?? row + i + 1}`);
      yield { images: rows, names, fillLog, ...(row === 0 && { source: file }) };
      row += count;
    }
    encoder.end();
    for (const line of encoder.notes()) warn(`${file}: ${line}`);
  }
}

/** The test rows of a run's own table. */
export async function* ownTestRows({ data }: RunConfig): AsyncGenerator<NamedRows> {
  const all = await readRows(data.name, data.reading);
  const which = rowsOfSplit(all.count, "test");
  const { rows, fillLog, ids, count } = pickRows(all, which);
  const names = Array.from(which, (row, i) => ids[i] ?? String(row + 1));
  yield { images: rows, names, fillLog, source: `${formatCount(count)} test rows of ${data.name}` };
}
