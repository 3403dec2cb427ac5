import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../../src/data/table/cell.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { rowWriter } from "../../../src/data/written/row-writer.js";
import { sampleFormat, writtenColumns } from "../../../src/data/written/sampled-rows.js";
import type { TableFormat } from "../../../src/data/written/written-rows.js";
import { decodeFlowRows } from "../../../src/tables/decode-rows.js";
import { readRows } from "../../../src/tables/read-rows.js";
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
    const { columns, cells } = decodeFlowRows(schema, rows);
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
    const cells = decodeFlowRows(schema, rows).cells[0]!;
    const { values } = schema.columns.find(({ name }) => name === "shop")!;
    expect(cells).toEqual([1e4, 40, null, "false", values!.at(-1), "2024-02-20", 1.7e9 + 147]);
    // no size is below zero
    const below = decodeFlowRows(schema, new Float32Array(names.length).fill(-0.25)).cells[0]!;
    expect(below[0]).toBe(0.25);
  });

  it("of dates with times lie on the grid of their column, and reach to both ends of its range", async () => {
    const minute = 60_000;
    const began = Date.UTC(2015, 0, 1, 8, 7);
    const iso = (time: number) => new Date(time).toISOString().replace(".000Z", "Z");
    const count = 400;
    const rng = makeRng(1);
    const years = 10 * 365 * 24 * 60 * minute;
    const times = Array.from({ length: count }, (_, i) => ({
      slot: began + 15 * minute * (36 * (i % 99) ** 2 + (i % 99)), // quarters of an hour over ten years, which repeat
      second: began + 1000 * Math.round(((i + rng.uniform()) / count) * (years / 1000)),
      recent: began + 1000 * rng.integer(100 * 24 * 3600),
      fraction: began + 250 * rng.integer(24 * 3600 * 4),
    }));
    const file = join(root, "times.csv");
    const lines = times.map((row) => Object.values(row).map(iso).join(","));
    writeFileSync(file, `slot,second,recent,fraction\n${lines.join("\n")}\n`);
    const { rows, schema } = await readRows(file);
    const days = (ms: number) => ms / 86_400_000;
    expect(schema.columns.map(({ type, gap = 0, grid = 0 }) => [type, gap, grid])).toEqual([
      ["date", days(15 * minute), 0],
      ["date", 0, days(1000)],
      ["date", 0, days(1000)],
      ["date", 0, days(250)],
    ]);
    const { cells } = decodeFlowRows(schema, rows);
    const text = (i: number) => times.map((row) => iso(Object.values(row)[i]!));
    for (const i of [0, 2, 3]) expect(cells.map((row) => row[i])).toEqual(text(i));
    // over ten years float32 is 5 s apart
    for (const [i, { second }] of times.entries())
      expect(Math.abs(Date.parse(String(cells[i]![1])) - second)).toBeLessThan(6000);
    expect(cells.every((row) => /:\d\dZ$/.test(String(row[1])))).toBe(true);
    const ends = [-1e5, 1e5].map((far) => decodeFlowRows(schema, new Float32Array(4).fill(far)).cells[0]);
    const sorted = [0, 1, 2, 3].map((i) => text(i).sort());
    expect(ends).toEqual([sorted.map((all) => all[0]), sorted.map((all) => all.at(-1))]);
  });

  it("of numbers keep all digits of their steps where 24 bits hold them", async () => {
    const rng = makeRng(2);
    const values = Array.from({ length: 400 }, (_, i) => ({
      milliseconds: 1.7e12 + rng.integer(2 ** 24),
      seconds: 1.7e9 + rng.integer(31_536_000), // of a year
      large: 2 ** 53 - 1 - rng.integer(1000),
      cents: ((i % 300) * 66_667) / 100,
      decades: 1e9 + rng.integer(1e9),
      wide: i % 2 ? rng.integer(1000) : 2 ** 53 - 1 - rng.integer(1000),
    }));
    const file = join(root, "digits.csv");
    const lines = values.map((row) => Object.values(row).join(","));
    writeFileSync(file, `milliseconds,seconds,large,cents,decades,wide\n${lines.join("\n")}\n`);
    const { rows, schema } = await readRows(file);
    expect(schema.columns.map(({ gap }) => gap)).toEqual([1, 1, 1, 666.67, 1, 1]);
    const { cells } = decodeFlowRows(schema, rows);
    for (const [i, { milliseconds, seconds, large, cents, decades, wide }] of values.entries()) {
      expect(cells[i]!.slice(0, 4)).toEqual([milliseconds, seconds, large, cents]);
      // here float32 is 128 apart
      expect(Math.abs(Number(cells[i]![4]) - decades)).toBeLessThanOrEqual(65);
      expect(Math.abs(Number(cells[i]![5]) - wide)).toBeLessThan(2 ** 30);
    }
  });

  it.each<TableFormat>(["csv", "json", "jsonl", "parquet"])(
    "are the same table after a way through .%s",
    async (ending) => {
      const { rows, schema } = await readRows(path);
      const file = join(root, `again.${ending}`);
      const decoded = decodeFlowRows(schema, rows);
      writeFileSync(file, "");
      const writer = rowWriter(ending, writtenColumns(decoded.columns), async (piece) =>
        appendFileSync(file, piece),
      );
      const [first, ...others] = decoded.cells;
      await writer.add([first!]);
      await writer.add(others);
      await writer.end();
      const again = await findSchema(file, await openTable(file));
      const used = schema.columns.filter(({ use }) => use === "model");
      expect(again.columns.map(({ name, type, missing, gap }) => ({ name, type, missing, gap }))).toEqual(
        used.map(({ name, type, missing, gap }) => ({ name, type, missing, gap })),
      );
      const cells = await cellsOf(file);
      expect(cells[4]!.slice(0, 2).map(Number)).toEqual(decoded.cells[4]!.slice(0, 2));
      const shop = cells.map((row) => row[4]);
      expect(shop[0]).toBe(ending === "csv" ? "'=web" : "=web");
    },
  );

  it("are written to no file of another kind", () => {
    expect(() => sampleFormat("rows.txt")).toThrow("ends in .csv, .json, .jsonl or .parquet");
    expect(["a.NPY", "csv.parquet"].map(sampleFormat)).toEqual(["npy", "parquet"]);
  });
});
