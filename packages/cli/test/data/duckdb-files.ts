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

/** A Parquet file of 60 rows with lists and structs, written by DuckDB; options as COPY takes them. */
export async function duckdbParquet(options: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "flowify-duckdb-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const file = join(folder, "rows.parquet");
    await connection.run(
      `COPY (SELECT ${COLUMNS} FROM range(60) AS t(i)) TO '${file}' (FORMAT parquet, ${options})`,
    );
    return readFileSync(file);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
