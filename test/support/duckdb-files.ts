import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const COLUMNS = `
  i::INTEGER AS whole,
  CASE WHEN i % 3 = 0 THEN NULL ELSE i / 7 END AS part,
  ['web', 'north', 'air'][1 + i % 3] AS shop,
  'text ' || i AS note,
  i % 2 = 0 AS even,
  DATE '2024-02-01' + i::INTEGER AS day,
  [i, i + 1] AS pair,
  {'a': i, 'b': [i]} AS both`;

/** Columns of all types that are decoded as wholes, each with missing values. */
export const TYPED = [
  "b::INTEGER",
  "b * 3000000000",
  "b / 7",
  "(b / 7)::FLOAT",
  "(b / 7)::DECIMAL(9, 2)",
  "'text ' || (b % 5)",
]
  .concat(
    "DATE '1969-11-01' + b::INTEGER",
    "TIMESTAMP '1969-12-31 23:59:58' + INTERVAL 7777 microsecond * b",
    "b % 3 = 0",
  )
  .flatMap((value, i) => [
    `CASE WHEN b % 11 = ${i} THEN NULL ELSE ${value} END AS c${i}`,
    `${value.replace(/\bb\b/g, "i")} AS d${i}`,
  ])
  .join(", ");

/** A Parquet file of 60 rows, by default with lists and structs, written by DuckDB; options as COPY takes them. */
export async function duckdbParquet(options: string, columns = COLUMNS): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "flowify-duckdb-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const file = join(folder, "rows.parquet");
    await connection.run(
      `COPY (SELECT ${columns} FROM (SELECT i, i AS b FROM range(60) AS t(i))) TO '${file}' (FORMAT parquet, ${options})`,
    );
    return readFileSync(file);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}

/** The rows that a query of files in a folder returns. */
export async function duckdbRows(query: string, folder: string): Promise<readonly Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`SET file_search_path = '${folder}'`);
    return (await connection.runAndReadAll(query)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
