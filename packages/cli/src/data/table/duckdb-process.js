/**
 * Answers queries of DuckDB in a process of its own: a damaged Parquet file may end it, a condition may never end, and both end nothing
 * else. A message `{ id, sql }` asks for the first rows of a query on files, `{ id }` for its next ones, and `{ id, end: true }` gives it
 * up. With `session`, the query is one on given rows, in a database without access to files: `fill` are the rows.
 */
import {
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";

/** Rows of an answer, and of a chunk of DuckDB at most. */
const ROWS = 8192;
const CHUNK = 2048;

const TYPES = { BOOLEAN, DOUBLE, TIMESTAMP, VARCHAR };

const common = {
  threads: "1", // in the order of the file, and random() gives the same numbers again
  max_memory: "768MB",
  temp_directory: "",
  autoload_known_extensions: "false",
  autoinstall_known_extensions: "false",
};
const closed = {
  ...common,
  max_memory: "512MB",
  enable_external_access: "false",
  lock_configuration: "true",
};

/** @type {Promise<DuckDBInstance> | undefined} */
let files;
/** @type {Map<number, import("@duckdb/node-api").DuckDBResult>} */
const queries = new Map();
/** @type {Map<number, Promise<import("@duckdb/node-api").DuckDBConnection>>} */
const sessions = new Map();

/**
 * @typedef {{ types: ("DOUBLE" | "TIMESTAMP" | "BOOLEAN" | "VARCHAR")[]; columns: any[][]; count: number }} Fill
 * @typedef {{ id: number; sql?: string; end?: boolean; session?: number; fill?: Fill }} Question
 */

/**
 * The values of some chunks: doubles with NaN in the place of null, or values as they are.
 *
 * @param {DuckDBDataChunk[]} chunks
 * @param {number} column
 * @param {number} count
 */
function valuesOf(chunks, column, count) {
  const isDouble = chunks[0]?.getColumnVector(column).type.toString() === "DOUBLE";
  const values = isDouble ? new Float64Array(count) : new Array(count);
  let at = 0;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(column);
    for (let row = 0; row < chunk.rowCount; row++)
      values[at++] = vector.getItem(row) ?? (isDouble ? Number.NaN : null);
  }
  return values;
}

/**
 * The next rows of a query on files.
 *
 * @param {Question} question
 */
async function nextRows({ id, sql }) {
  if (sql !== undefined) {
    files ??= DuckDBInstance.create(":memory:", common);
    queries.set(id, await (await (await files).connect()).stream(sql));
  }
  const query = queries.get(id);
  const chunks = [];
  let count = 0;
  while (query && count < ROWS) {
    const chunk = await query.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    chunks.push(chunk);
    count += chunk.rowCount;
  }
  if (count === 0) queries.delete(id);
  const width = query?.columnCount ?? 0;
  return { count, columns: Array.from({ length: width }, (_, i) => valuesOf(chunks, i, count)) };
}

/** @param {bigint | null} microseconds */
const timestamp = (microseconds) => (microseconds === null ? null : new DuckDBTimestampValue(microseconds));

/**
 * All rows of a query on given rows.
 *
 * @param {number} session
 * @param {Question} question
 */
async function sessionRows(session, { sql = "", fill }) {
  let opening = sessions.get(session);
  opening ??= DuckDBInstance.create(":memory:", closed).then((instance) => instance.connect());
  sessions.set(session, opening);
  const connection = await opening;
  if (fill) {
    await connection.run('TRUNCATE "rows"');
    const appender = await connection.createAppender("rows");
    const { types, columns, count } = fill;
    for (let from = 0; from < count; from += CHUNK) {
      const rows = Math.min(CHUNK, count - from);
      const chunk = DuckDBDataChunk.create(
        types.map((type) => TYPES[type]),
        rows,
      );
      columns.forEach((column, i) => {
        const values = column.slice(from, from + rows);
        chunk.setColumnValues(i, types[i] === "TIMESTAMP" ? values.map(timestamp) : values);
      });
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }
  const rows = (await connection.runAndReadAll(sql)).getRows();
  return { count: rows.length, columns: (rows[0] ?? []).map((_, i) => rows.map((row) => row[i])) };
}

/** @param {Question} question */
function answer(question) {
  const { id, session, end } = question;
  if (!end) return session === undefined ? nextRows(question) : sessionRows(session, question);
  queries.delete(id);
  if (session !== undefined) sessions.delete(session);
  return undefined;
}

process.on("message", (/** @type {Question} */ question) => {
  const { id } = question;
  answer(question)?.then(
    (found) => process.send?.({ id, ...found }),
    (/** @type {unknown} */ error) =>
      process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
