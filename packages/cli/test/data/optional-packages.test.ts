import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { encodePng } from "../../src/pictures/png.js";
import { runCommand } from "../run-command.js";
import { temporaryFolder } from "../temporary-folder.js";
import { parquetBytes } from "./parquet-files.js";

vi.mock("@duckdb/node-api", () => {
  throw new Error("Cannot find package '@duckdb/node-api'");
});
vi.mock("sharp", () => {
  throw new Error("Cannot find package 'sharp'");
});

const path = join(temporaryFolder(), "rows.csv");
writeFileSync(path, "a,b\n1,x\n2,y\n");

it("without DuckDB, tables are read, and --where says what to install", async () => {
  const { status, stdout } = await runCommand(["data", "describe", path]);
  expect([status, stdout]).toEqual([0, expect.stringContaining("2 rows, 2 columns")]);
  const failed = await runCommand(["data", "describe", path, "--where", "a > 1"]);
  expect([failed.status, failed.stderr]).toEqual([
    2,
    expect.stringContaining("run npm install @duckdb/node-api, or leave --where out"),
  ]);
});

it("without DuckDB, a Parquet file is refused with what to install", async () => {
  const parquet = join(temporaryFolder(), "rows.parquet");
  writeFileSync(parquet, parquetBytes([{ name: "n", data: [1, 2, 3] }]));
  const failed = await runCommand(["data", "describe", parquet]);
  expect([failed.status, failed.stderr]).toEqual([
    2,
    expect.stringContaining("run npm install @duckdb/node-api, or write the table as CSV"),
  ]);
});

it("without sharp, pictures are refused with what to install: none is skipped as damaged", async () => {
  const pictures = temporaryFolder();
  const png = encodePng({ width: 2, height: 2, pixels: new Uint8Array(12) });
  for (const name of ["a", "b"]) writeFileSync(join(pictures, `${name}.png`), png);
  const failed = await runCommand(["baseline", "--data", pictures, "--skip-corrupt"]);
  expect([failed.status, failed.stderr]).toEqual([2, expect.stringContaining("run npm install sharp, or")]);
});
