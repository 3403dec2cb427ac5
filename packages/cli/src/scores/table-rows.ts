import { checkColumns } from "../data/table/check-columns.js";
import { rowEncoder } from "../data/table/encode-rows.js";
import { openTable } from "../data/table/open-table.js";
import { readRows } from "../data/table/read-rows.js";
import type { TableSchema } from "../data/table/schema.js";
import { rowsOfSplit } from "../data/table/split-rows.js";
import { pickRows } from "../detect/score-rows.js";
import type { RunConfig } from "../run-config.js";
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
  /** An SQL condition: rows that do not fulfil it are left out. */
  where?: string | undefined;
  seed: number;
  warn: Terminal["warn"];
}>;

/**
 * The rows of tables, a block at a time: memory does not grow with their number. Rows are called by their id, else by their
 * number from 1 on.
 *
 * @throws DataError for a table that does not fit the schema
 */
export async function* rowsOfTables(
  files: readonly string[],
  { schema, id, where, seed, warn }: RowsOptions,
): AsyncGenerator<NamedRows> {
  for (const file of files) {
    const table = await openTable(file, { where, schema });
    for (const line of checkColumns(file, table.names, schema)) warn(line);
    const encoder = rowEncoder(file, table, schema, { seed, id });
    const prefix = files.length > 1 ? `${file}#` : "";
    let source: string | undefined = file;
    for await (const block of table.blocks()) {
      const { rows, fillLog, ids, rowNames } = encoder.encode(block);
      if (rowNames.length === 0) continue;
      const names = rowNames.map((name, i) => `${prefix}${ids[i] ?? name}`);
      yield { images: rows, names, fillLog, ...(source && { source }) };
      source = undefined;
    }
    encoder.end();
    for (const line of encoder.notes()) warn(`${file}: ${line}`);
  }
}

/** The test rows of a run's own table. */
export async function* ownTestRows({ data }: RunConfig): AsyncGenerator<NamedRows> {
  const all = await readRows(data.name, data.reading);
  const which = rowsOfSplit(all.count, "test");
  const { rows, fillLog, ids, rowNames, count } = pickRows(all, which);
  const names = rowNames.map((name, i) => ids[i] ?? name);
  yield { images: rows, names, fillLog, source: `${formatCount(count)} test rows of ${data.name}` };
}
