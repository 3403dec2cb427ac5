import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../../src/data/table/cell.js";
import { decodeRows } from "../../../src/data/table/decode-rows.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/open-table.js";
import { readRows } from "../../../src/data/table/read-rows.js";
import { expectTableFile, tableBytes } from "../../../src/data/table/write-table.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

const rowOf = (i: number): string =>
  [
    `N${i}`,
    (i * 0.37).toFixed(3),
    (i % 9) * 5,
    i % 6 === 1 ? "" : (i % 7) / 4,
    i % 3 ? "true" : "false",
    i % 5 === 2 ? "" : "=web, shop,north".split(",")[i % 3],
    `2024-02-${String(1 + (i % 20)).padStart(2, "0")}`,
    1.7e9 + 3 * (i % 50),
  ].join(",");

const COUNT = 120;
const path = join(root, "parcels.csv");
writeFileSync(
  path,
  `parcel,size,items,grade,paid,shop,day,stamp\n${Array.from({ length: COUNT }, (_, i) => rowOf(i)).join("\n")}\n`,
);

async function cellsOf(file: string): Promise<Cell[][]> {
  const cells: Cell[][] = [];
  for await (const block of (await openTable(file)).blocks())
    cells.push(...block.rows.map((row) => [...row]));
  return cells;
}

describe("rows of the flow", () => {
  it("become the cells that they came from, without the column that the flow does not get", async () => {
    const { rows, schema } = await readRows(path);
    const { columns, cells } = decodeRows(schema, rows);
    expect(columns.map(({ name }) => name)).toEqual([
      "size",
      "items",
      "grade",
      "paid",
      "shop",
      "day",
      "stamp",
    ]);
    (await cellsOf(path)).forEach(([, size, items, grade, paid, shop, day, stamp], i) => {
      const [newSize, ...others] = cells[i]!;
      expect(newSize).toBe(Number(size)); // with its two decimals
      expect(others).toEqual([
        Number(items),
        grade === "" ? null : Number(grade),
        paid,
        shop === "" ? null : shop,
        day,
        Number(stamp),
      ]);
    });
  });

  it("beyond the training rows stay within their grid, and have their last category", async () => {
    const { schema, names } = await readRows(path);
    const rows = new Float32Array(names.length).fill(1e4);
    const cells = decodeRows(schema, rows).cells[0]!;
    const { values } = schema.columns.find(({ name }) => name === "shop")!;
    expect(cells).toEqual([1e4, 40, null, "false", values!.at(-1), "2024-02-20", 1.7e9 + 147]);
  });

  it.each(["csv", "jsonl", "parquet"])("are the same table after a way through .%s", async (ending) => {
    const { rows, schema } = await readRows(path);
    const file = join(root, `again.${ending}`);
    const decoded = decodeRows(schema, rows);
    writeFileSync(file, await tableBytes(file, decoded));
    const again = await findSchema(file, await openTable(file));
    const used = schema.columns.filter(({ use }) => use === "model");
    expect(again.columns.map(({ name, type, missing, gap }) => ({ name, type, missing, gap }))).toEqual(
      used.map(({ name, type, missing, gap }) => ({ name, type, missing, gap })),
    );
    const cells = await cellsOf(file);
    expect(cells[4]!.slice(0, 2).map(Number)).toEqual(decoded.cells[4]!.slice(0, 2));
    const shop = cells.map((row) => row[4]);
    expect(shop[0]).toBe(ending === "csv" ? "'=web" : "=web");
  });

  it("are written to no file of another kind", () => {
    expect(() => expectTableFile("rows.txt")).toThrow("ends in .csv, .jsonl or .parquet");
    expect(() => expectTableFile("rows.npy")).not.toThrow();
  });
});
