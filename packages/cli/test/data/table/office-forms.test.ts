import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cellReader } from "../../../src/data/table/cell.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import type { Table } from "../../../src/data/table/table.js";
import { tableOfBytes } from "../../../src/data/table/table-bytes.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

async function contentOf(table: Table) {
  const rows = [];
  for await (const block of table.blocks()) rows.push(...block.rows);
  return { notes: table.notes, names: table.names, rows };
}

/** The first column of a file, which is the same on a disk and in a page. */
async function columnOf(text: string | Uint8Array) {
  const path = join(root, "office.csv");
  writeFileSync(path, text);
  const found = await contentOf(await openTable(path));
  const bytes = new Uint8Array(Buffer.from(text as string));
  expect(await contentOf(await tableOfBytes(path, bytes))).toEqual(found);
  const [column] = (await findSchema(path, await openTable(path))).columns;
  return { ...found, cells: found.rows.map(([cell]) => cell), type: column?.type, hint: column?.hint };
}

const repeated = (cells: readonly string[]): string =>
  `x,n\n${Array.from({ length: 40 }, (_, i) => `${cells[i % cells.length]},${i}`).join("\n")}\n`;

describe("a column as offices write it", () => {
  it.each([
    ["31.05.2025", ["31.05.2025", "1.6.2025"], "2025-06-01", "date"],
    ["31/05/2025", ["28/02/2025", "01/03/2025"], "2025-03-01", "date"],
    ["31/05/2025", ["28-02-2025 16:30", "01-03-2025 9:05"], "2025-03-01 09:05", "date"],
    ["05/31/2025", ["02/28/2025", "03/01/2025"], "2025-03-01", "date"],
    ["05/31/2025", ["2/28/2025 9:05 AM", "3/1/2025 12:30 am"], "2025-03-01 00:30", "date"],
    [
      "05/31/2025",
      ['"2/28/2025, 9:05:00\u202fAM"', '"3/1/2025, 4:30:05\u202fPM"'],
      "2025-03-01 16:30:05",
      "date",
    ],
    ["20 %", ["20 %", "7.5%"], "7.5", "continuous"],
    ["1.234,50", ['"1.234,50"', '"12,25"'], "12.25", "continuous"],
    ["1,234.50", ['"1,234.50"', "12.25"], "12.25", "continuous"],
    ["2025/05/31", ["2025/05/31", "2025/6/1 9:05"], "2025-06-01 09:05", "date"],
    ["1.234,50", ['"12,25"', '"1\u202f234 567,50"'.replace(" ", "\u202f")], "1234567.50", "continuous"],
    ["1.234,50", ['"12,25"', '"1.234,50-"'], "-1234.50", "continuous"],
    ["1,234.50", ["12.25", "1'234'567.50"], "1234567.50", "continuous"],
    ["$1,234.50", ['"$1,234.50"', '"($3.21)"'], "-3.21", "continuous"],
    ["$1,234.50", ["$5", "-$ 12"], "-12", "integer"],
    ["1.234,50 €", ['"1.234,50 €"', '"€ 726,37"'], "726.37", "continuous"],
    ["1.234,50 £", ['"12,5 £"', '"1\u00a0234 £"'], "1234", "continuous"],
    ["2025-05", ["2025-05", "2024-12"], "2024-12-01", "date"],
    ["31 May 2025", ["31 May 2025", '"Sun, 1-Jun-2025 9:05"'], "2025-06-01 09:05", "date"],
    ["May 31, 2025", ["Jan 1 2000", '"Sept. 30, 2000"'], "2000-09-30", "date"],
    ["May 2025", ["May 2025", "december-2024"], "2024-12-01", "date"],
    ["12 km/h", ["12 km/h", "7.5km/h"], "7.5", "continuous"],
    ["13:51", ["13:51", "4:05"], "4:05:00", "integer"],
    ["1:51 PM", ["1:51 PM", "12:05 a.m."], "0:05:00", "integer"],
  ])("%s is read where all cells agree: %j", async (form, cells, second, type) => {
    const found = await columnOf(repeated(cells));
    expect([found.cells[1], found.type]).toEqual([second, type]);
    expect(found.notes).toContainEqual(expect.stringContaining(`"x": ${form} is read as`));
  });

  it.each([
    ["one cell far behind that is no date", 5000, "soon"],
    ["one cell far behind that is no day", 5000, "31.02.2025"],
  ])("is text with a hint where %s", async (_, at, bad) => {
    const rows = Array.from({ length: 6000 }, (__, i) =>
      i === at ? bad : `${10 + (i % 18)}.0${1 + (i % 7)}.2025`,
    );
    const found = await columnOf(`x,n\n${rows.map((cell, i) => `${cell},${i}`).join("\n")}\n`);
    expect([found.cells[0], found.type]).toEqual(["10.01.2025", "category"]);
    expect(found.hint).toContain("write 2025-02-28");
  });

  it.each([
    ["amounts of two currencies", ["$5.20", "€6.20"]],
    ["amounts that are either thousands or decimals", ["$1.234", "$2.345", "$7"]],
    ["an amount without a sign among others", ["$5.20", "6.20"]],
    ["a month that no year has", ["2025-05", "2025-13"]],
    ["a name that no month has", ["1 May 2025", "1 Mai 2025"]],
    ["a day that no month has", ["Feb 1 2025", "Feb 30 2025"]],
    ["numbers of parts that look like months", ["0612-01", "0613-02"]],
    ["numbers of two units", ["12 kg", "500 g"]],
    ["names that begin with numbers", ["007 X", "12 X"]],
    ["minutes that no hour has", ["13:51", "4:75"]],
    ["an hour that no half of a day has", ["13:51 PM", "4:05 AM"]],
  ])("is text where it has %s", async (_, cells) => {
    const found = await columnOf(repeated(cells));
    expect([found.cells[0], found.notes]).toEqual([cells[0], []]);
  });

  it.each([
    ["are read by commas between cells", "1.234", ",", ["7500", "12345"], "integer"],
    ["are decimals where neither speaks against it", "7", ";", ["7.500", "12.345"], "continuous"],
  ])("commas before three digits %s", async (_, other, separator, cells, type) => {
    const rows = Array.from({ length: 40 }, (__, i) => `"${i % 2 ? "12,345" : "7,500"}"${separator}${other}`);
    const found = await columnOf(`x${separator}y\n${rows.join("\n")}\n"7,500"${separator}\n`);
    expect([found.cells.slice(0, 2), found.type]).toEqual([cells, type]);
  });

  it("holds missing values where a spreadsheet has errors", async () => {
    const found = await columnOf(repeated(["#N/A", "1", "#DIV/0!", "2", "#NV"]));
    expect(found.type).toBe("integer");
  });

  it("is text where days and months cannot be told apart", async () => {
    const found = await columnOf(repeated(["01/02/2025", "03/04/2025"]));
    expect([found.cells[0], found.notes]).toEqual(["01/02/2025", []]);
  });

  it("is read in the way of training, also where a file alone does not say it", async () => {
    const path = join(root, "train.csv");
    writeFileSync(path, repeated(["28/02/2025", "01/03/2025"]));
    const { schema } = await readRows(path, { columns: ["x", "n"] });
    const one = join(root, "one.csv");
    writeFileSync(one, "x,n\n02/03/2025,1\n");
    expect((await contentOf(await openTable(one, { schema }))).rows).toEqual([["2025-03-02", "1"]]);
    writeFileSync(path, repeated(["12 kg", "7 kg"]));
    const measured = await readRows(path, { columns: ["x", "n"] });
    writeFileSync(one, "x,n\n12 g,1\n5 kg,2\n");
    const rows = [
      ["12 g", "1"],
      ["5", "2"],
    ]; // grams are no kilograms
    expect((await contentOf(await openTable(one, { schema: measured.schema }))).rows).toEqual(rows);
  });
});

describe("text that is not UTF-8", () => {
  const lines = "x,n\n" + "plain,1\n".repeat(400_000);

  it.each([
    ["after three MiB", Buffer.concat([Buffer.from(lines), Buffer.from("caf\xe9,2\n", "latin1")]), "café"],
    ["in its last byte", Buffer.from("n,x\n1,plain\n2,caf\xe9", "latin1"), "café"],
    ["with signs of Windows", Buffer.from("n,x\n1,plain\n2,\x80 5", "latin1"), "€ 5"],
  ])("%s is read as Latin-1 from the start", async (_, bytes, wanted) => {
    const path = join(root, "latin.csv");
    writeFileSync(path, bytes);
    const { rows, notes } = await contentOf(await openTable(path));
    expect(rows.at(-1)).toContain(wanted);
    expect(notes).toContain("the text is not UTF-8: it is read as Latin-1");
  });

  it("with zero bytes after a MiB is refused", async () => {
    const path = join(root, "zero.csv");
    writeFileSync(path, `${lines}a\0b,1\n`);
    await expect(openTable(path)).rejects.toThrow("holds zero bytes, expected text");
  });
});

describe("a date", () => {
  const days = (text: string): number | string => {
    const reader = cellReader();
    const kind = reader.read(text);
    return kind === "date" ? reader.value : kind;
  };

  it.each([
    ["0001-01-01", -719_162],
    ["0099-12-31", -683_004],
    ["1999-12-31", 10_956],
    ["2024-02-29T18:00:00+18:00", 19_782],
    ["2024-02-29 18:00:00.5+12", 19_782.25 + 0.5 / 86_400],
    ["2024-02-29T99:99:99", "text"],
    ["2024-02-29 24:00", "text"],
    ["2024-02-29 12:60", "text"],
    ["2024-02-29T10:00:00+99:99", "text"],
  ])("%s is %j", (text, wanted) => {
    expect(days(text)).toBe(wanted);
  });
});

describe("names of columns", () => {
  it("stay apart, whatever a header holds", async () => {
    const { names, rows } = await columnOf("a (column 3),a,a,,column 4\n1,2,3,4,5\n6,7,8,9,10\n");
    expect(new Set(names).size).toBe(5);
    expect(names.slice(0, 2)).toEqual(["a (column 3)", "a"]);
    expect(rows[0]).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("of a JSON object may be those of its prototype", async () => {
    const path = join(root, "proto.jsonl");
    writeFileSync(path, '{"a":1,"__proto__":2}\n{"a":3}\n{"constructor":1}\n');
    expect((await contentOf(await openTable(path))).rows).toEqual([
      [1, 2, null],
      [3, null, null],
      [null, null, 1],
    ]);
  });

  it("of a calendar are not taken from the table", async () => {
    const path = join(root, "calendar.csv");
    writeFileSync(path, "day,day time\n2024-01-01,5\n");
    await expect(openTable(path, { calendar: ["day"] })).rejects.toThrow('a column "day time" of its own');
  });
});
