import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { duckdbParquet } from "../../../../../test/support/duckdb-files.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { tableOfBytes } from "../../../src/data/table/table-bytes.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();
const COUNT = 60;
const ids = Array.from({ length: COUNT }, (_, i) => String(9_007_199_254_740_993n + BigInt(i)));
const unsigned = Array.from({ length: COUNT }, (_, i) => String(2n ** 64n - 1n - BigInt(i)));

const csv = `key,u,x\n${ids.map((id, i) => `${id},${unsigned[i]},${Math.sin(i)}`).join("\n")}\n`;
const jsonl = ids.map((id, i) => `{"key":${id},"u":${unsigned[i]},"x":${Math.sin(i)}}`).join("\n");
const parquet = duckdbParquet(
  "COMPRESSION snappy",
  "9007199254740993::BIGINT + i AS key, 18446744073709551615::UBIGINT - i::UBIGINT AS u, sin(i) AS x",
);

describe.each(["csv", "jsonl", "parquet"])("whole numbers beyond 2^53 in .%s", (ending) => {
  const path = join(root, `ids.${ending}`);

  it("stay whole and distinct as names of rows, on a disk and in a page", async () => {
    writeFileSync(path, ending === "csv" ? csv : ending === "jsonl" ? jsonl : await parquet);
    for (const [id, wanted] of [
      ["key", ids],
      ["u", unsigned],
    ] as const)
      expect((await readRows(path, { id })).rowNames).toEqual(wanted);
    const page = await tableOfBytes(path, new Uint8Array(readFileSync(path)));
    for await (const { rows } of page.blocks()) {
      const texts = rows.map(([key, u]) => [String(key), String(u)]);
      expect(texts).toEqual(ids.slice(0, rows.length).map((id, i) => [id, unsigned[i]]));
    }
  });

  it("are said to merge where they are learned from", async () => {
    const schema = await findSchema(path, await openTable(path), { columns: ["key", "u", "x"] });
    const hints = schema.columns.map(({ hint }) => hint);
    expect(hints[1]).toContain("are rounded, so neighbors merge");
    expect(hints[2]).toBeUndefined();
  });
});
