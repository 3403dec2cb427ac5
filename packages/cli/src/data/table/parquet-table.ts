import { resolve } from "node:path";
import { DataError } from "@flowify/core";
import { expectRegularFile } from "../../files/regular-file.js";
import { valueAt } from "../../places.js";
import { type Block, type CellColumn, columnsOf } from "./block.js";
import { type Cell, daysOfMilliseconds } from "./cell.js";
import { dateColumn, numberColumn } from "./columns.js";
import { duckdbRows, identifier, literal, type Rows } from "./duckdb.js";
import { type PartRange, type Table, uniqueNames } from "./table.js";

/** A column: what stands in the file as numbers or dates, as truth values, or as texts; texts where numbers would be rounded. */
type Column = Readonly<{ name: string; dates: boolean; sql: readonly string[] }>;

/** Milliseconds since 1970 of the years 0 to 9999: others have no date of four digits. */
const FOUR_DIGITS = [-62_167_219_200_000, 253_402_300_799_999] as const;

/** DuckDB takes a path for a pattern of paths. */
const fileOf = (path: string): string => literal(resolve(path).replace(/[*?[]/g, "[$&]"));

/** An Apache Parquet file, read by DuckDB. */
export async function parquetTable(path: string, called = path): Promise<Table> {
  expectRegularFile(path);
  const file = fileOf(path);
  try {
    const columns = await columnsIn(file);
    const groups = await all(
      `SELECT row_group_num_rows::DOUBLE, sum(total_compressed_size)::DOUBLE FROM parquet_metadata(${file}) GROUP BY row_group_id, row_group_num_rows ORDER BY row_group_id`,
    );
    const { names, notes } = uniqueNames(await namesIn(file));
    const parts = groups.map(([rows, bytes]) => ({ rows: Number(rows), bytes: Number(bytes) }));
    return { names, notes, parts, blocks: (range) => blocks(called, file, columns, parts, range) };
  } catch (cause) {
    throw damaged(called, cause);
  }
}

async function all(sql: string): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const { count, columns } of duckdbRows(sql))
    for (let i = 0; i < count; i++) rows.push(columns.map((column) => column[i]));
  return rows;
}

/** The names as they stand in the file: DuckDB changes those that come twice. */
async function namesIn(file: string): Promise<string[]> {
  const [root, ...elements] = await all(
    `SELECT name, coalesce(num_children, 0)::DOUBLE FROM parquet_schema(${file})`,
  );
  const names: string[] = [];
  let at = 0;
  for (let left = Number(root?.[1] ?? 0); left > 0; left--) {
    names.push(String(valueAt(elements, at)[0]));
    for (let inner = 1; inner > 0; inner--) inner += Number(elements[at++]?.[1] ?? 0);
  }
  return names;
}

async function columnsIn(file: string): Promise<Column[]> {
  const described = await all(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${file}))`,
  );
  return described.map(([name, type]) => columnOf(String(name), String(type)));
}

function columnOf(name: string, type: string): Column {
  const own = identifier(name);
  const numbers = (isExact?: string): Column => ({
    name,
    dates: false,
    sql: [`${own}::DOUBLE`, ...(isExact ? [`CASE WHEN NOT (${isExact}) THEN ${own}::VARCHAR END`] : [])],
  });
  if (/^(FLOAT|DOUBLE|U?(TINY|SMALL)INT|U?INTEGER)$/.test(type)) return numbers();
  if (/^(U?BIGINT|U?HUGEINT)$/.test(type))
    return numbers(
      `${own} BETWEEN ${type.startsWith("U") ? 0 : Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}`,
    );
  const [, digits, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (digits !== undefined)
    return numbers(Number(digits) > 15 ? `abs(${own}) < 1e${15 - Number(scale)}` : undefined);
  if (type === "DATE" || type.startsWith("TIMESTAMP")) {
    const milliseconds = `CASE WHEN isfinite(${own}) THEN ${type === "DATE" ? `epoch_ms(${own})` : `trunc(epoch_us(${own}) / 1000)`} END`;
    const isPlain = `coalesce(${milliseconds} BETWEEN ${FOUR_DIGITS.join(" AND ")}, false)`;
    return {
      name,
      dates: true,
      sql: [
        `CASE WHEN ${isPlain} THEN (${milliseconds})::DOUBLE END`,
        `CASE WHEN NOT ${isPlain} THEN ${own}::VARCHAR END`,
      ],
    };
  }
  if (type === "TIME" || type === "TIME_NS") return { name, dates: false, sql: [`epoch(${own})`] }; // seconds, as durations are
  const texts = (sql: string): Column => ({ name, dates: false, sql: [sql] });
  if (type === "BOOLEAN") return texts(own);
  if (type === "BLOB") return texts(`coalesce(TRY(decode(${own})), ${own}::VARCHAR)`);
  return texts(
    /[[(]/.test(type) && !type.startsWith("ENUM") ? `to_json(${own})::VARCHAR` : `${own}::VARCHAR`,
  );
}

async function* blocks(
  called: string,
  file: string,
  columns: readonly Column[],
  parts: readonly Readonly<{ rows: number }>[],
  { from, to }: PartRange = { from: 0, to: parts.length },
): AsyncGenerator<Block> {
  const rowsIn = (groups: typeof parts): number => groups.reduce((sum, { rows }) => sum + rows, 0);
  const [begin, wanted] = [rowsIn(parts.slice(0, from)), rowsIn(parts.slice(from, to))];
  const query = (chosen: readonly Column[], first = begin, count = wanted): string =>
    `SELECT ${chosen.flatMap(({ sql }) => sql).join(", ")} FROM read_parquet(${file}, file_row_number=true) WHERE file_row_number BETWEEN ${first} AND ${first + count - 1}`;
  let found = 0;
  try {
    for await (const rows of duckdbRows(query(columns))) {
      yield columnsOf(cellColumns(columns, rows), rows.count, begin + found);
      found += rows.count;
    }
    if (found !== wanted) throw new RangeError(`${found} rows, expected ${wanted}`);
  } catch (cause) {
    throw cause instanceof DataError
      ? cause
      : damaged(called, cause, await damagedPart(columns, parts, query));
  }
}

/** The first row group and column that cannot be read by themselves. */
async function damagedPart(
  columns: readonly Column[],
  groups: readonly Readonly<{ rows: number }>[],
  query: (chosen: readonly Column[], first: number, count: number) => string,
): Promise<string> {
  let first = 0;
  for (const [i, { rows }] of groups.entries()) {
    for (const column of columns)
      try {
        await all(query([column], first, rows));
      } catch {
        return `, row group ${i + 1}, column ${JSON.stringify(column.name)}`;
      }
    first += rows;
  }
  return "";
}

function cellColumns(columns: readonly Column[], { count, columns: values }: Rows): CellColumn[] {
  let at = 0;
  return columns.map(({ sql, dates }) => {
    const [found, exact] = values.slice(at, at + sql.length);
    at += sql.length;
    if (!(found instanceof Float64Array)) return { at: (row) => found?.[row] ?? null };
    const numbers = dates ? found.map(daysOfMilliseconds) : found;
    const texts = exact instanceof Float64Array ? undefined : exact;
    const column = dates ? dateColumn(numbers) : numberColumn(numbers);
    const isRounded =
      texts !== undefined && Array.from({ length: count }, (_, i) => texts[i]).some((text) => text !== null);
    return isRounded ? { at: (row): Cell => texts[row] ?? column.at(row) } : column;
  });
}

/** @param where begins with a comma */
function damaged(path: string, cause: unknown, where = ""): Error {
  if (!(cause instanceof Error) || "code" in cause) return cause as Error;
  const [what = ""] = cause.message.replace(/^[A-Z][A-Za-z ]* Error: /, "").split("\n");
  return new DataError(
    `${path}${where}: not a readable Parquet file (${what})\nwrite it again, with snappy, gzip, zstd or no compression`,
    { cause },
  );
}
