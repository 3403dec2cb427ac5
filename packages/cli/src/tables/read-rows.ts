import type { TableSeries } from "../data/table/block.js";
import { expectUsable, leftOut } from "../data/table/check-columns.js";
import { findSchema } from "../data/table/find-schema.js";
import { lookAlikeHints } from "../data/table/look-alikes.js";
import type { TableChoice, TableSchema } from "../data/table/schema.js";
import { openTable } from "../data/table/sources/open-table.js";
import type { Table } from "../data/table/table.js";
import { flowNames, tableColumns } from "./columns/kinds.js";
import { dependentColumns } from "./dependent-columns.js";
import { type EncodedTable, type EncodingOptions, encodedTable } from "./encoded-table.js";
import { withEqualColumns } from "./equal-columns.js";
import { type FlowRows, flowRows } from "./flow-rows.js";
import { brokenOrders, withOrderedColumns } from "./ordered-columns.js";

export type ReadTableOptions = TableChoice &
  Readonly<{
    /** The columns of another table: this one is read as that one was. */
    schema?: TableSchema;
  }> &
  Pick<EncodingOptions, "predict">;

export type TableRows = FlowRows &
  Readonly<{
    count: number;
    /** The same rows without noise, a number a column: [count, columns]. */
    encoded: Float32Array;
    /** What each row is called: by its id, else by its place in the file; and its number in the file, from 1 on. */
    rowNames: readonly string[];
    numbers: readonly number[];
    /** Where rows follow each other in time. */
    series: readonly TableSeries[];
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
export async function readRows(path: string, reading: ReadTableOptions = {}): Promise<TableRows> {
  const table = await openTable(path, reading);
  const found = reading.schema ?? (await findSchema(path, table, reading));
  const notes: string[] = [];
  if (reading.schema === undefined) {
    expectUsable(path, found);
    notes.push(...table.notes, ...leftOut(found.columns), ...lookAlikeHints(found.columns));
  }
  const warn = (line: string): void => void notes.push(line);
  const all = await encodedTable(path, table, { schema: found, predict: reading.predict ?? [], warn }).all();
  const { rows: encoded, names: rowNames, numbers, series } = all;
  const schema = reading.schema || found.order ? found : related(found, encoded);
  const columns = tableColumns(schema);
  if (reading.schema === undefined) {
    const broken = brokenOrders(schema);
    broken.add(encoded, rowNames);
    notes.push(...dependentColumns(columns, encoded), ...broken.notes());
  }
  return {
    ...flowRows(columns, encoded),
    count: rowNames.length,
    encoded,
    rowNames,
    numbers,
    series,
    schema,
    names: flowNames(columns),
    notes: notes.map((line) => (line.startsWith(path) ? line : `${path}: ${line}`)),
  };
}

/** A schema that says how columns are related. */
const related = (schema: TableSchema, encoded: Float32Array): TableSchema =>
  withOrderedColumns(withEqualColumns(schema, encoded), encoded);

/** Most cells of a table whose rows are read for how its columns are related. */
const MOST_CELLS = 2 ** 25;

/** The same, of a table whose rows are read for it; as it is where a column holds a mistake, and for a table that is too large. */
export async function relatedColumns(path: string, table: Table, schema: TableSchema): Promise<TableSchema> {
  const { columns, rows } = schema;
  if (
    rows === 0 ||
    rows * columns.length > MOST_CELLS ||
    columns.some(({ problem }) => problem !== undefined)
  )
    return schema;
  const all = await encodedTable(path, table, { schema, warn: () => {} }).all();
  return related(schema, all.rows);
}

/**
 * @param where an SQL condition: rows that do not fulfil it are left out
 * @throws DataError for a table that does not fit the schema, UsageError for an id column that it lacks
 */
export const openEncodedTable = async (
  file: string,
  options: EncodingOptions & Readonly<{ where?: string | undefined }>,
): Promise<EncodedTable> => encodedTable(file, await openTable(file, options), options);
