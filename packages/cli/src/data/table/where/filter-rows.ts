import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "@flowify/core";
import { unknownName } from "../../../ui/suggest.js";
import { type Block, rowBlock, rowName } from "../block.js";
import { cellText } from "../cell.js";
import type { Table } from "../table.js";
import { type SqlType, sqlTypeOf, sqlValues } from "./cell-types.js";
import { columnsOfCondition, ROWS, refused, statementOf } from "./condition.js";
import { loadDuckDb, openDatabase } from "./duckdb.js";

/** Rows that are asked about together, and from which the types of the columns are found. */
const TOGETHER = 8192;

/** The number of a row among those that are asked about. */
const PLACE = '"#"';

type Column = Readonly<{ name: string; at: number; type: SqlType }>;
type DuckDb = Awaited<ReturnType<typeof loadDuckDb>>;

/**
 * The rows of a table for which an SQL condition holds, evaluated by DuckDB. Rows keep the numbers that they have in their file.
 *
 * @throws UsageError for SQL that is more than a condition on a row, or where DuckDB is not installed
 */
export async function filteredTable(path: string, table: Table, where: string): Promise<Table> {
  const duck = await loadDuckDb();
  const { connection, close } = await openDatabase(duck);
  try {
    const names = await columnsOfCondition(connection, where);
    const used = table.names.filter((name) => names.has(name.toLowerCase()));
    const twice = used.find(
      (name, i) => used.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== i,
    );
    if (twice !== undefined)
      throw refused(where, `the table has several columns "${twice}", which differ in capitals only`);
    const { parts: _, ...whole } = table; // how many rows of a part are left is not known
    return {
      ...whole,
      notes: [...table.notes, `only rows with ${where}`],
      blocks: () => filtered(path, table, where, used),
    };
  } finally {
    close();
  }
}

async function* filtered(
  path: string,
  table: Table,
  where: string,
  used: readonly string[],
): AsyncGenerator<Block> {
  const duck = await loadDuckDb();
  const { connection, close } = await openDatabase(duck);
  let columns: readonly Column[] | undefined;
  try {
    await connection.run("SELECT setseed(0)");
    for await (const blocks of together(table.blocks())) {
      if (columns === undefined) {
        columns = used.map((name) => {
          const at = table.names.indexOf(name);
          return { name, at, type: sqlTypeOf(blocks, at, table.decimalComma) };
        });
        await createRows(connection, columns);
      }
      const offsets = await fill(duck, connection, path, table, columns, blocks);
      const kept = await placesOf(connection, where, table.names);
      for (const [i, block] of blocks.entries()) {
        const rows = [...block.rows.keys()].filter((row) => kept.has(offsets[i]! + row));
        yield some(block, rows);
      }
    }
  } finally {
    close();
  }
}

async function* together(blocks: AsyncGenerator<Block>): AsyncGenerator<Block[]> {
  let some: Block[] = [];
  let count = 0;
  for await (const block of blocks) {
    some.push(block);
    count += block.count;
    if (count < TOGETHER) continue;
    yield some;
    some = [];
    count = 0;
  }
  if (some.length > 0) yield some;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function createRows(connection: DuckDBConnection, columns: readonly Column[]): Promise<void> {
  const types = columns.map(({ name, type }) => `, ${quoted(name)} ${type}`);
  await connection.run(`CREATE TABLE ${ROWS} (${PLACE} INTEGER${types.join("")})`);
}

/** Puts rows in the place of those before; returns the place of the first row of each block. */
async function fill(
  duck: DuckDb,
  connection: DuckDBConnection,
  path: string,
  { decimalComma }: Table,
  columns: readonly Column[],
  blocks: readonly Block[],
): Promise<number[]> {
  await connection.run(`TRUNCATE ${ROWS}`);
  const appender = await connection.createAppender("rows");
  const types = [duck.INTEGER, ...columns.map(({ type }) => duck[type])];
  let next = 0;
  const offsets = blocks.map((block) => {
    const first = next;
    next += block.rows.length;
    const chunk = duck.DuckDBDataChunk.create(types, block.rows.length);
    chunk.setColumnValues(
      0,
      Array.from(block.rows, (_, i) => first + i),
    );
    columns.forEach((column, i) => {
      const toSql = sqlValues(column.type, decimalComma);
      const values = block.rows.map((row, at) => {
        const value = toSql(row[column.at]);
        if (value === undefined) throw otherType(path, block, at, column);
        return typeof value === "bigint" ? new duck.DuckDBTimestampValue(value) : value;
      });
      chunk.setColumnValues(i + 1, values);
    });
    appender.appendDataChunk(chunk);
    return first;
  });
  appender.closeSync();
  return offsets;
}

const meanings: Readonly<Record<SqlType, string>> = {
  DOUBLE: "numbers",
  TIMESTAMP: "dates",
  BOOLEAN: "true and false",
  VARCHAR: "texts",
};

const otherType = (path: string, block: Block, at: number, { name, type, at: column }: Column): DataError =>
  new DataError(
    `${path}: row ${rowName(block, at)}, column "${name}" holds ${JSON.stringify(cellText(block.rows[at]![column]).slice(0, 40))}, but the first rows hold ${meanings[type]}\ncorrect the cell, or leave the column out of --where`,
  );

async function placesOf(
  connection: DuckDBConnection,
  where: string,
  names: readonly string[],
): Promise<ReadonlySet<number>> {
  try {
    const reader = await connection.runAndReadAll(statementOf(PLACE, where));
    return new Set(reader.getRows().map(([place]) => Number(place)));
  } catch (cause) {
    const [what = ""] = (cause as Error).message.split("\n");
    const [, unknown] = /^Binder Error: Referenced column "(.*)" not found/.exec(what) ?? [];
    throw refused(where, unknown === undefined ? what : unknownName("column", unknown, names), cause);
  }
}

const some = ({ rows, numbers, source }: Block, which: readonly number[]): Block =>
  rowBlock(
    which.map((row) => rows[row]!),
    which.map((row) => numbers[row]!),
    source,
  );
