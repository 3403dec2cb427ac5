import { DataError } from "@flowify/core";
import { valueAt, valuesAt } from "../../../places.js";
import { unknownName } from "../../../ui/format.js";
import { type Block, rowBlock, rowName } from "../block.js";
import { type Cell, type CellKind, cellReader, cellText } from "../cell.js";
import { type Fill, identifier, openSession, type Rows, type Session } from "../duckdb.js";
import { type Table, together } from "../table.js";
import { columnsOfCondition, ROWS, refused, statementOf } from "./condition.js";

/** How a column enters a condition. */
type SqlType = "DOUBLE" | "TIMESTAMP" | "BOOLEAN" | "VARCHAR";

const MICROSECONDS_PER_DAY = 86_400_000_000;

const typeOfKind: Partial<Record<CellKind, SqlType>> = {
  number: "DOUBLE",
  "out of range": "DOUBLE",
  date: "TIMESTAMP",
};

/** The type of a column: that of all cells of the first rows; texts where they differ. */
function sqlTypeOf(blocks: readonly Block[], column: number): SqlType {
  const reader = cellReader();
  let found: SqlType | undefined;
  for (const { rows } of blocks)
    for (const row of rows) {
      const cell = row[column];
      const kind = reader.read(cell);
      if (kind === "missing") continue;
      const type = typeof cell === "boolean" ? "BOOLEAN" : (typeOfKind[kind] ?? "VARCHAR");
      if (found !== undefined && found !== type) return "VARCHAR";
      found = type;
    }
  return found ?? "VARCHAR";
}

/** A value as the condition sees it: null where it is missing, undefined where the cell is of another type. */
function sqlValues(type: SqlType) {
  const reader = cellReader();
  return (cell: Cell | undefined): string | number | boolean | bigint | null | undefined => {
    const kind = reader.read(cell);
    if (kind === "missing") return null;
    if (type === "VARCHAR") return cellText(cell);
    if (type === "BOOLEAN") return typeof cell === "boolean" ? cell : undefined;
    if (typeOfKind[kind] !== type) return undefined;
    if (type === "DOUBLE" && !Number.isNaN(reader.value)) return reader.value;
    if (type === "DOUBLE") return cellText(cell).startsWith("-") ? -Number.MAX_VALUE : Number.MAX_VALUE; // ±inf
    return BigInt(Math.round(reader.value * MICROSECONDS_PER_DAY));
  };
}

/** Rows that are asked about together, and from which the types of the columns are found. */
const TOGETHER = 8192;

/** The rows without what a table of DuckDB has besides its columns, such as `rowid`. */
const COLUMNS = `(SELECT * FROM ${ROWS}) AS ${ROWS}`;

/** For so many rows, a condition that takes longer is given up. */
const PATIENCE_MS = 20_000;

type Column = Readonly<{ name: string; at: number; type: SqlType }>;

/**
 * The rows of a table for which an SQL condition holds, evaluated by DuckDB. Rows keep the numbers that they have in their file.
 *
 * @throws UsageError for SQL that is more than a condition on a row, or where DuckDB is not installed
 */
export async function filteredTable(
  path: string,
  table: Table,
  where: string,
  patienceMs = PATIENCE_MS,
): Promise<Table> {
  const session = await openSession(patienceMs);
  try {
    const isAbout = await columnsOfCondition(session, where);
    const used = table.names.filter(isAbout);
    const twice = used.find(
      (name, i) => used.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== i,
    );
    if (twice !== undefined)
      throw refused(where, `the table has several columns "${twice}", which differ in capitals only`);
    const { parts: _, ...whole } = table; // how many rows of a part are left is not known
    return {
      ...whole,
      notes: [...table.notes, `only rows with ${where}`],
      blocks: () => filtered(path, table, where, used, patienceMs),
    };
  } finally {
    session.close();
  }
}

async function* filtered(
  path: string,
  table: Table,
  where: string,
  used: readonly string[],
  patienceMs: number,
): AsyncGenerator<Block> {
  const session = await openSession(patienceMs);
  let columns: readonly Column[] | undefined;
  try {
    await session.rows("SELECT setseed(0)");
    for await (const blocks of together(table.blocks(), ({ count }) => count, TOGETHER)) {
      if (columns === undefined) {
        columns = used.map((name) => {
          const at = table.names.indexOf(name);
          return { name, at, type: sqlTypeOf(blocks, at) };
        });
        await session.rows(createRows(columns));
        await answer(session, table.names, where, statementOf(where, COLUMNS)); // refuses aggregates
      }
      const fill = fillOf(path, columns, blocks);
      const sql = `SELECT CAST((\n${where}\n) AS BOOLEAN) FROM ${COLUMNS}`;
      const answers = await answer(session, table.names, where, sql, fill);
      if (answers.count !== fill.count)
        throw refused(where, `${answers.count} answers for ${fill.count} rows`);
      let first = 0;
      for (const block of blocks) {
        // several columns of an answer are those of COLUMNS(*), which all have to be true
        const holds = (row: number): boolean =>
          answers.columns.every((column) => column[first + row] === true);
        yield some(block, [...block.rows.keys()].filter(holds));
        first += block.count;
      }
    }
  } finally {
    session.close();
  }
}

function createRows(columns: readonly Column[]): string {
  const types = columns.map(({ name, type }) => `${identifier(name)} ${type}`);
  // a condition on no column is asked once a row as well, and a table has to have a column
  return `CREATE TABLE ${ROWS} (${types.length > 0 ? types.join(", ") : '"\n" BOOLEAN'})`;
}

/** The cells that a condition is about, as DuckDB takes them. */
function fillOf(path: string, columns: readonly Column[], blocks: readonly Block[]): Fill {
  const count = blocks.reduce((sum, block) => sum + block.count, 0);
  if (columns.length === 0) return { types: ["BOOLEAN"], columns: [new Array(count).fill(null)], count };
  const values = columns.map((column) => {
    const toSql = sqlValues(column.type);
    return blocks.flatMap((block) =>
      Array.from({ length: block.count }, (_, row) => {
        const value = toSql(valueAt(block.columns, column.at).at(row));
        if (value === undefined) throw otherType(path, block, row, column);
        return value;
      }),
    );
  });
  return { types: columns.map(({ type }) => type), columns: values, count };
}

const meanings: Readonly<Record<SqlType, string>> = {
  DOUBLE: "numbers",
  TIMESTAMP: "dates",
  BOOLEAN: "true and false",
  VARCHAR: "texts",
};

const otherType = (path: string, block: Block, at: number, { name, type, at: column }: Column): DataError =>
  new DataError(
    `${path}: row ${rowName(block, at)}, column "${name}" holds ${JSON.stringify(cellText(valueAt(block.columns, column).at(at)).slice(0, 40))}, but the first rows hold ${meanings[type]}\ncorrect the cell, or leave the column out of --where`,
  );

async function answer(
  session: Session,
  names: readonly string[],
  where: string,
  sql: string,
  fill?: Fill,
): Promise<Rows> {
  return session.rows(sql, fill).catch((cause: unknown) => {
    const [what = ""] = (cause as Error).message.split("\n");
    if (what === "DuckDB ended with SIGKILL")
      throw refused(where, `takes longer than ${session.patience / 1000} s for ${TOGETHER} rows`, cause);
    const [, unknown] = /^Binder Error: Referenced column "(.*)" not found/.exec(what) ?? [];
    throw refused(where, unknown === undefined ? what : unknownName("column", unknown, names), cause);
  });
}

const some = ({ rows, numbers, source }: Block, which: readonly number[]): Block =>
  rowBlock(valuesAt(rows, which), valuesAt(numbers, which), source);
