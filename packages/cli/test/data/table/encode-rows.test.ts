import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/data/format.js";
import { cellReader } from "../../../src/data/table/cell.js";
import { rowsOfSplit } from "../../../src/data/table/split-rows.js";
import { tableCells } from "../../../src/table-flow.js";
import { tableColumns } from "../../../src/tables/columns/kinds.js";
import { encodedRows, flowRows } from "../../../src/tables/flow-rows.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();
const COUNT = 40;

function write(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

const table = (head: string, row: (i: number) => string, count = COUNT): string =>
  `${head}\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`;

const shops = (i: number): string => (i % 4 === 0 ? "web" : "north");

const trained = write(
  "trained.csv",
  table(
    "size,items,shop,day",
    (i) => `${i % 8 === 3 ? "" : i / 7},${i % 5},${shops(i)},2024-01-${10 + (i % 20)}`,
  ),
);

async function columnsOf(path: string, reading: Reading = {}) {
  const { rows, names, count, ...rest } = await readRows(path, reading);
  const columns = Object.fromEntries(
    names.map((name, at) => [name, Array.from({ length: count }, (_, i) => rows[i * names.length + at]!)]),
  );
  return { columns, names, ...rest };
}

it.each([
  ["0:00:01", 1],
  ["1:30:00", 5400],
  ["-26:00:00.5", -93_600.5],
  ["PT5M", 300],
  ["P1DT2H3.5S", 93_603.5],
  ["-P2W", -1_209_600],
])("a duration, %s, is a number of seconds", (text, seconds) => {
  const reader = cellReader();
  expect([reader.read(text), reader.value]).toEqual(["number", seconds]);
});

it.each(["P", "PT", "P1M", "P1Y", "1:60:00", "12:30", "1:2:3", "T5M"])("%s is no duration", (text) => {
  expect(cellReader().read(text)).toBe("text");
});

describe("the rows of a table", () => {
  it("are numbers: as they are, as codes by frequency, as days, with an indicator of what is missing", async () => {
    const { columns, names, schema } = await columnsOf(trained);
    expect(names).toEqual(["size", "size is missing", "items", "shop", "day"]);
    columns.size!.forEach((value, i) => {
      const missing = i % 8 === 3;
      expect(value === Math.fround(i / 7)).toBe(!missing);
      expect(Math.round(columns["size is missing"]![i]!) || 0).toBe(Number(missing));
    });
    expect(columns.items!.map((value) => Math.round(value) || 0)).toEqual(
      Array.from({ length: COUNT }, (_, i) => i % 5),
    );
    expect(columns.shop!.map((value) => Math.round(value) || 0)).toEqual(
      Array.from({ length: COUNT }, (_, i) => (i % 4 === 0 ? 1 : 0)),
    );
    expect(schema.columns[2]?.values).toEqual(["north", "web"]);
    expect(columns.day!.map((value) => Math.round(value) || 0)).toEqual(
      Array.from({ length: COUNT }, (_, i) => (i % 20) - 9), // days since the middle of the range
    );
  });

  it("have other noise in each row, the same in each reading", async () => {
    const [first, second] = [await columnsOf(trained), await columnsOf(trained)];
    expect(second.columns).toEqual(first.columns);
    const noise = first.columns.items!.map((value) => value - Math.round(value));
    expect(new Set(noise).size).toBeGreaterThan(COUNT - 3);
    expect(Math.max(...noise)).toBeGreaterThan(0.4);
    expect(Math.min(...noise)).toBeLessThan(-0.4);
  });

  it("have the log density of what fills a missing number", async () => {
    const { columns, fillLog, schema } = await columnsOf(trained);
    const { mean, std } = schema.columns[0]!.range!;
    fillLog.forEach((log, i) => {
      const z = (columns.size![i]! - mean) / std;
      const wanted = i % 8 === 3 ? -0.5 * z * z - Math.log(std) - 0.5 * Math.log(2 * Math.PI) : 0;
      expect(log).toBeCloseTo(wanted, 4);
    });
  });

  it("have a number for what stands in place of numbers, and are the same cells again", async () => {
    const fee = (i: number): string => (i % 3 === 0 ? "NA" : i % 3 === 1 ? "0.3" : String(i / 7));
    const path = write(
      "atoms.csv",
      table("fee", (i) => fee(i)),
    );
    const { names, schema, rows, encoded, fillLog } = await readRows(path);
    expect(names).toEqual(["fee", "fee is missing or 0.3"]);
    const columns = tableColumns(schema);
    expect(encodedRows(columns, rows)).toEqual(encoded);
    const shown = tableCells(schema, rows).map(({ fee }) => fee);
    expect(shown.slice(0, 3)).toEqual([null, 0.3, Number((2 / 7).toPrecision(7))]);
    expect(fillLog.map((log) => Number(log !== 0)).subarray(0, 3)).toEqual(Float64Array.of(1, 1, 0));
    // with a step the values of a grid have probabilities, and so has what fills them
    const stepped = schema.columns.map((column) => ({ ...column, gap: 0.01 }));
    const other = flowRows(tableColumns({ columns: stepped }), encoded);
    expect(other.fillLog[0]! - fillLog[0]!).toBeCloseTo(Math.log(0.01), 10);
  });

  it("keep the digits of large numbers", async () => {
    const path = write(
      "large.csv",
      table("stamp,x", (i) => `${1.7e12 + i * 3},${i * i}`),
    );
    const { columns, schema } = await columnsOf(path);
    expect(schema.columns[0]?.origin).toBe(1.7e12);
    columns.stamp!.forEach((value, i) => {
      expect(Math.abs(value - 3 * i)).toBeLessThanOrEqual(1.5);
    });
  });

  it("leave out what says nothing of a row, unless it is asked for by name", async () => {
    const path = write(
      "left.csv",
      table("n,x,unit", (i) => `${i},${i % 7},kg`),
    );
    const { names, notes } = await columnsOf(path);
    expect(names).toEqual(["x"]);
    expect(notes.join()).toContain('columns left out: "n" (identifier), "unit" (constant)');
    expect((await columnsOf(path, { columns: ["n", "x"] })).names).toEqual(["n", "x"]);
    expect((await columnsOf(path, { id: "n" })).rowNames).toEqual(
      Array.from({ length: COUNT }, (_, i) => String(i)),
    );
    expect(
      (
        await columnsOf(
          write(
            "two.csv",
            table("x,y", (i) => `${i % 7},${i % 3}`),
          ),
          { drop: ["y"] },
        )
      ).names,
    ).toEqual(["x"]);
  });

  it.each([
    ["a header alone", "a,b\n", "a header and no rows"],
    [
      "constant columns alone",
      table("a,b", () => "1,x"),
      'no column is left to learn from: "a" (constant), "b"',
    ],
    [
      "text among numbers",
      table("a", (i) => (i === 6 ? "six" : `${i / 3}`)),
      'column "a": most cells hold a number, but row 7 holds "six"',
    ],
    [
      "an infinite number",
      table("a", (i) => (i === 6 ? "-Infinity" : `${i / 3}`)),
      'row 7 holds "-Infinity"',
    ],
  ])("of %s are refused", async (_, text, message) => {
    await expect(readRows(write("bad.csv", text))).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining(message),
    });
  });

  it("of columns that the table lacks are a matter of usage", async () => {
    await expect(readRows(trained, { drop: ["sise"] })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining('unknown column "sise"; did you mean "size"?'),
    });
  });
});

describe("another table", () => {
  const row = (i: number): string => `2024-01-11,${i % 2 ? "web" : "north"},${i % 5},${i / 7}`;

  it("is matched by name, and read as the first one", async () => {
    const { schema } = await readRows(trained);
    const path = write(
      "other.csv",
      table("day,shop,items,size,extra", (i) => `${row(i)},${i}`, 4),
    );
    const { columns, names, notes } = await columnsOf(path, { schema });
    expect(names).toEqual(["size", "size is missing", "items", "shop", "day"]);
    expect(columns.shop!.map((value) => Math.round(value) || 0)).toEqual([0, 1, 0, 1]);
    expect(notes).toEqual([
      `${path}: the column "extra" is new and ignored`,
      `${path}: the columns come in another order; they are matched by name`,
    ]);
  });

  it("with values that no training row has says so", async () => {
    const { schema } = await readRows(trained);
    const path = write(
      "unseen.csv",
      table("size,items,shop,day", (i) => `1,${["", 1, 2.02][i]},${i ? "moon" : "web"},2024-01-11`, 3),
    );
    const { columns, notes } = await columnsOf(path, { schema });
    expect(columns.shop!.map((value) => Math.round(value) || 0)).toEqual([1, 2, 2]);
    expect(notes).toEqual([
      `${path}: column "shop" holds "moon", which no training row has`,
      `${path}: column "items" lacks 1 value; in training it lacked none`,
      `${path}: column "items" holds 2.02, where training rows have steps of 1`,
    ]);
  });

  it("without a column, or with another type in it, is refused", async () => {
    const { schema } = await readRows(trained);
    const lacking = write(
      "lacking.csv",
      table("size,shop", () => "1,web", 3),
    );
    await expect(readRows(lacking, { schema })).rejects.toThrow(
      'lacks the columns "items", "day", expected "size"',
    );
    const text = write(
      "text.csv",
      table("size,items,shop,day", (i) => `x${i},1,web,${i ? "2024-01-11" : "now"}`, 9),
    );
    await expect(readRows(text, { schema })).rejects.toThrow(
      'row 1, column "size" holds "x0", expected a number; row 1, column "day" holds "now", expected a date such as 2024-03-01; row 2, column "size" holds "x1"',
    );
  });
});

describe("the rows of a split", () => {
  it.each([
    [25, 5],
    [500, 100],
    [1500, 200],
    [10_000, 1000],
  ])("of %i rows are %i for the test, and no row is in both", (count, test) => {
    const all = [...rowsOfSplit(count, "test"), ...rowsOfSplit(count, "train")];
    expect(rowsOfSplit(count, "test")).toHaveLength(test);
    expect(new Set(all).size).toBe(count);
  });
});
