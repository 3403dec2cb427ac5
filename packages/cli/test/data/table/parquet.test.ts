import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { duckdbParquet, TYPED } from "../../../../../test/support/duckdb-files.js";
import type { Block } from "../../../src/data/table/block.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { parquetBytes } from "../parquet-files.js";

const root = temporaryFolder();

async function cellsOf(bytes: Uint8Array) {
  const path = join(root, "rows.parquet");
  writeFileSync(path, bytes);
  const rows = [];
  for await (const block of (await openTable(path)).blocks()) rows.push(...block.rows);
  return rows;
}

/** The same bytes with one piece of them replaced wherever it stands. */
function replaced(bytes: Uint8Array, piece: string, other: string): Uint8Array {
  const text = Buffer.from(bytes).toString("hex");
  expect(text).toContain(piece);
  return Buffer.from(text.replace(piece, other), "hex");
}

const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);

describe("a Parquet file", () => {
  it.each(["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY"] as const)(
    "with texts in %s has its cells",
    async (encoding) => {
      const rows = await cellsOf(parquetBytes([{ name: "a", data: texts, encoding }]));
      expect(rows).toEqual(texts.map((text) => [text]));
    },
  );

  it("with a column of JSON has its text", async () => {
    const data = [
      { x: 1, y: ["a", "b"] },
      { x: 2, y: [] },
    ];
    const rows = await cellsOf(
      parquetBytes([
        { name: "a", data, type: "JSON" },
        { name: "b", data: [1, 2] },
      ]),
    );
    expect(rows).toEqual([
      ['{"x":1,"y":["a","b"]}', 1],
      ['{"x":2,"y":[]}', 2],
    ]);
  });

  it.each(["snappy", "gzip, PARQUET_VERSION V2", "brotli", "zstd", "uncompressed, PARQUET_VERSION V1"])(
    "written by DuckDB (COMPRESSION %s) has its cells",
    async (options) => {
      const rows = await cellsOf(await duckdbParquet(`COMPRESSION ${options}`));
      expect(rows).toHaveLength(60);
      expect(rows[0]).toEqual([
        0,
        null,
        "web",
        "text 0",
        true,
        "2024-02-01T00:00:00.000Z",
        "[0,1]",
        '{"a":0,"b":[0]}',
      ]);
      expect(rows[59]!.slice(0, 5)).toEqual([59, 59 / 7, "air", "text 59", false]);
    },
  );

  it.each(["snappy", "gzip, PARQUET_VERSION V2", "uncompressed"])(
    "whose columns are decoded as wholes (COMPRESSION %s) has the cells that hyparquet decodes",
    async (options) => {
      const bytes = await duckdbParquet(`COMPRESSION ${options}`, TYPED);
      const file = new Uint8Array(bytes).buffer;
      const compressors = { GZIP: (packed: Uint8Array) => new Uint8Array(gunzipSync(packed)) };
      const wanted = await parquetReadObjects({ file, compressors });
      const cells = wanted.map((row) =>
        Object.values(row).map((cell) =>
          cell instanceof Date ? cell.toISOString() : typeof cell === "bigint" ? Number(cell) : cell,
        ),
      );
      expect(await cellsOf(bytes)).toEqual(cells);
      const { value: block } = await (await openTable(join(root, "rows.parquet"))).blocks().next();
      const forms = (block as Block).columns.map(({ numbers, dates }) =>
        dates ? "days" : numbers ? "numbers" : "cells",
      );
      const once = ["numbers", "numbers", "numbers", "numbers", "numbers", "cells", "days", "days", "cells"];
      expect(forms).toEqual(once.flatMap((form) => [form, form]));
    },
  );

  it("with a run that claims 2³¹ values is refused at once, by row group and column", async () => {
    const data = Array.from({ length: 40 }, (_, i) => (i % 2 ? null : i / 7));
    const bytes = parquetBytes([{ name: "size", data, type: "DOUBLE" }], "UNCOMPRESSED");
    const bad = cellsOf(replaced(bytes, "0955555501", "feffffff0f"));
    await expect(bad).rejects.toThrow(DataError);
    await expect(bad).rejects.toThrow(
      'row group 1, column "size": not a readable Parquet file (Out of buffer)',
    );
  });

  it("with a text that shares more than the text before it has is refused", async () => {
    const data = ["aaaaaaaaaa", "aaaaaaaaab", "aaaaaaaaac"];
    const bytes = parquetBytes([{ name: "a", data, encoding: "DELTA_BYTE_ARRAY" }], "UNCOMPRESSED");
    expect(await cellsOf(bytes)).toEqual(data.map((text) => [text]));
    // shared beginnings 0, 9, 9 are written as differences of 4 bits, 9 and 0: the first becomes 15
    await expect(cellsOf(replaced(bytes, "0400000009", "040000000f"))).rejects.toThrow(
      "prefix is out of range",
    );
  });

  it("whose footer claims more rows than its pages hold is refused", async () => {
    const bytes = parquetBytes([{ name: "a", data: [0.5, 1.5, 2.5] }], "UNCOMPRESSED");
    // the number of rows of the group, behind its bytes
    const claims = cellsOf(replaced(bytes, "165a160636", "165a160836"));
    await expect(claims).rejects.toThrow('column "a": not a readable Parquet file');
  });
});
