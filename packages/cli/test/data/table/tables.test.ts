import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import type { Table } from "../../../src/data/table/table.js";
import { tableOfBytes } from "../../../src/data/table/table-bytes.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

function write(name: string, text: string | Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

/** What a file holds; its bytes alone hold the same. */
async function read(path: string) {
  const opening = openTable(path);
  const bytes = new Uint8Array(readFileSync(path));
  const [found, again] = await Promise.allSettled([contentOf(opening), contentOf(tableOfBytes(path, bytes))]);
  const words = (result: PromiseSettledResult<unknown>): unknown =>
    result.status === "rejected"
      ? (result.reason as Error).message.replace(/(Parquet file) \(.*\)/, "$1") // in the words of two libraries
      : result.value;
  expect(words(again)).toEqual(words(found));
  if (found.status === "rejected") throw found.reason;
  return found.value;
}

async function contentOf(opening: Promise<Table>) {
  const table = await opening;
  const rows = [];
  for await (const block of table.blocks()) rows.push(...block.rows);
  return { names: table.names, rows, notes: table.notes, writtenAs: table.writtenAs };
}

const schemaOf = async (path: string) => findSchema(path, await openTable(path));

const typesOf = async (path: string) =>
  Object.fromEntries((await schemaOf(path)).columns.map(({ name, type }) => [name, type]));

describe("a CSV file", () => {
  it.each([
    ["commas", 'a,b\n1,"x, y"\n2,"say ""hi"""\n', ["x, y", 'say "hi"']],
    ["semicolons", "a;b\n1;x, y\n2;z\n", ["x, y", "z"]],
    ["tabs", "a\tb\n1\tx\n2\ty\n", ["x", "y"]],
    ["bars", "a|b\n1|x\n2|y\n", ["x", "y"]],
    ["line ends of Windows", "a,b\r\n1,x\r\n2,y\r\n", ["x", "y"]],
    ["a byte-order mark", "\ufeffa,b\n1,x\n2,y\n", ["x", "y"]],
    ["a line break in quotes", 'a,b\n1,"x\ny"\n2,z\n', ["x\ny", "z"]],
    ["no line end at its end", "a,b\n1,x\n\n2,y", ["x", "y"]],
  ])("with %s has its cells", async (_, text, b) => {
    const { names, rows } = await read(write("cells.csv", text));
    expect(names).toEqual(["a", "b"]);
    expect(rows.map((row) => row[0])).toEqual(["1", "2"]);
    expect(rows.map((row) => row[1])).toEqual(b);
  });

  it("with decimal commas between semicolons holds numbers", async () => {
    const path = write("comma.csv", "a;b\n1,5;2\n-2,25;3\n0,5;5\n");
    const { columns } = await schemaOf(path);
    expect(columns.map(({ type, range }) => [type, range?.least, range?.most])).toEqual([
      ["continuous", -2.25, 1.5],
      ["integer", 2, 5],
    ]);
    expect((await read(path)).notes[0]).toContain("decimal commas, semicolons separate");
  });

  it("with decimal commas and dots between thousands holds numbers, with or without a header", async () => {
    const body = "912,82;4.343;6,10\n-1.050,5;992;0,125\n7;12.000;\n7;1.234.567;3\n";
    for (const text of [`a;b;c\n${body}`, body]) {
      const path = write("thousands.csv", text);
      const { columns } = await schemaOf(path);
      expect(columns.map(({ type, range }) => [type, range?.least, range?.most])).toEqual([
        ["continuous", -1050.5, 912.82],
        ["integer", 992, 1_234_567],
        ["continuous", 0.125, 6.1],
      ]);
      expect(columns[1]?.spikes?.[0]).toEqual({ value: "4343", share: 1 / 4 });
      expect((await read(path)).notes.at(-1)).toBe(
        "numbers have decimal commas and dots between thousands (4.343 is 4343), semicolons separate the cells",
      );
    }
    const [total] = (await schemaOf(write("row.csv", "5.869;5,11\n"))).columns;
    expect([total?.type, (await read(write("row.csv", "5.869;5,11\n"))).rows]).toEqual([
      "constant",
      [["5869", "5.11"]],
    ]);
  });

  const commas =
    '"a": decimal commas, but "b": decimal points; numbers are read with points, so write all of them';
  it.each([
    ["a;b\n6,10;0.869\n7,5;4.343\n", false, `${commas} like 1234.5`],
    [
      "a;b\n5;4.343\n7;992\n",
      false,
      '"b": the dot in 4.343 is read as a decimal point; if it stands between thousands, write 4343',
    ],
    [
      "a;b\n4,343;4\n992;5\n",
      true,
      '"a": the comma in 4,343 is read as a decimal comma; if it stands between thousands, write 4343',
    ],
    ["a\tb\n4,343\t5.869\n992\t4.343\n", false, `${commas} like 1234.5`],
    ["a;b\n4.343;0.5\n5.111;1\n", false, undefined],
    ["a;b\n1.10;1,5\nx;2\ny;3,5\nz;5\n", true, "numbers have decimal commas, semicolons separate the cells"],
  ])("whose decimals are in doubt says so: %j", async (text, decimalComma, note) => {
    const found = await read(write("doubt.csv", text));
    expect([found.writtenAs?.includes("1.234,50"), found.notes.at(-1)]).toEqual([decimalComma, note]);
  });

  it("without a header has its columns numbered", async () => {
    const { names, rows, notes } = await read(write("bare.csv", "1,x\n2,y\n"));
    expect([names, rows.length]).toEqual([["column 1", "column 2"], 2]);
    expect(notes).toEqual(["the first row holds values, so columns are called by their numbers"]);
  });

  it("gives empty and repeated names others, and says so", async () => {
    const { names, notes } = await read(write("names.csv", "a,,a\n1,2,3\n"));
    expect(names).toEqual(["a", "column 2", "a (column 3)"]);
    expect(notes).toEqual([
      'column 2 has no name: it is called "column 2"',
      'the name "a" comes twice: column 3 is called "a (column 3)"',
    ]);
  });

  it("in Latin-1 or UTF-16 is text all the same", async () => {
    const latin = Buffer.from("name,n\nMünchen,1\nKöln,2\n", "latin1");
    expect((await read(write("latin.csv", latin))).rows[0]).toEqual(["München", "1"]);
    const wide = Buffer.from("\ufeffname,n\nMünchen,1\nKöln,2\n", "utf16le");
    expect((await read(write("wide.csv", wide))).rows[0]).toEqual(["München", "1"]);
  });

  it.each([
    ["empty", "", "an empty file, expected a table"],
    ["blank", "\n\n", "an empty file, expected a table"],
    ["with zero bytes", "a,b\0\n1,2\n", "holds zero bytes, expected text"],
    ["with an open quote", 'a,b\n1,2\n3,"4\n', "row 2: a quote is opened and not closed"],
    ["with text after a quote", 'a,b\n1,2\n3,"4"5\n', "row 2: a quote is followed by text"],
    ["with ragged rows", "a,b\n1,2\n3\n4,5,6\n", "expected 2 cells in a row: row 2 has 1; row 3 has 3"],
  ])("%s is refused", async (_, text, message) => {
    await expect(read(write("bad.csv", text))).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining(message),
    });
  });

  it("names the first five ragged rows and no more", async () => {
    const text = `a,b\n${"1,2\n".repeat(3)}${"1\n".repeat(20)}`;
    const rows = [4, 5, 6, 7, 8].map((row) => `row ${row} has 1`).join("; ");
    await expect(read(write("ragged.csv", text))).rejects.toThrow(`expected 2 cells in a row: ${rows}\n`);
  });

  it("with a line that has no end is refused before it fills the memory", async () => {
    const path = write("long.csv", `a,b\n1,"${"x".repeat(17 * 2 ** 20)}`);
    await expect(read(path)).rejects.toThrow("a row is longer than 16 MiB");
  });
});

describe("JSON lines", () => {
  it("hold typed cells, and null where a row lacks a key", async () => {
    const path = write("rows.jsonl", '{"a":1,"b":"x"}\n\n{"a":2.5,"c":[1]}\n');
    const { names, rows } = await read(path);
    expect([names, rows]).toEqual([
      ["a", "b", "c"],
      [
        [1, "x", null],
        [2.5, null, "[1]"],
      ],
    ]);
  });

  it.each([
    ["", "an empty file"],
    ['{"a":1}\n{"a":', "line 2 is not JSON"],
    ['{"a":1}\n[1]\n', "line 2 is an array, expected an object"],
    ["3\n", "line 1 is 3, expected an object"],
  ])("that are damaged are refused: %j", async (text, message) => {
    await expect(read(write("bad.jsonl", text))).rejects.toThrow(message);
  });

  it("refuse keys that come late", async () => {
    const text = `${'{"a":1}\n'.repeat(1000)}{"a":1,"b":2}\n`;
    await expect(read(write("late.jsonl", text))).rejects.toThrow('line 1001 has "b"');
  });
});

describe("JSON", () => {
  it("is an array of objects, whose keys may come late, or an object a line", async () => {
    const all = [...Array.from({ length: 1500 }, (_, a) => ({ a })), { a: 12345678901234567890n, late: "x" }];
    const digits = (_: string, value: unknown) => (typeof value === "bigint" ? `#${value}#` : value);
    const array = JSON.stringify(all, digits, 1).replaceAll(/"#|#"/g, "");
    const { names, rows } = await read(write("rows.json", array));
    expect(names).toEqual(["a", "late"]);
    expect([rows.length, rows[0], rows[1500]]).toEqual([1501, [0, null], ["12345678901234567890", "x"]]);
    const lines = await read(write("lines.json", '{"a":1}\n{"a":2}\n'));
    expect([lines.names, lines.rows]).toEqual([["a"], [[1], [2]]]);
  });

  it.each([
    [
      "the only array of objects in it",
      {
        count: 2,
        rows: [
          { a: 1, b: "x" },
          { a: 2, b: null },
        ],
        columns: ["a", "b"],
      },
    ],
    ["columns as lists", { a: [1, 2], b: ["x", null] }],
    ["columns as pandas writes them", { a: { "0": 1, "1": 2 }, b: { "0": "x", "1": null } }],
  ])("is one object with %s", async (_, document) => {
    for (const text of [JSON.stringify(document), JSON.stringify(document, undefined, 2)]) {
      const { names, rows } = await read(write("document.json", text));
      expect([names, rows]).toEqual([
        ["a", "b"],
        [
          [1, "x"],
          [2, null],
        ],
      ]);
    }
  });

  it("has columns for the keys of objects in a row, and numbers and dates as offices write them", async () => {
    const row = (day: string, price: string) => ({ day, of: { price, more: { tags: ["x"] } } });
    const text = JSON.stringify([row("Jan 12 2024", "$1,200.50"), row("Feb 1 2024", "$3.00")]);
    const { names, rows, notes } = await read(write("deep.json", text));
    expect(names).toEqual(["day", "of.price", "of.more.tags"]);
    expect(rows).toEqual([
      ["2024-01-12", "1200.50", '["x"]'],
      ["2024-02-01", "3.00", '["x"]'],
    ]);
    expect(notes).toEqual([
      '"day": May 31, 2025 is read as 2025-05-31',
      '"of.price": $1,234.50 is read as 1234.50',
    ]);
  });

  it("of one row may stand on one line", async () => {
    expect((await read(write("one.json", '{"a":12345678901234567890,"b":2}\n'))).rows).toEqual([
      ["12345678901234567890", 2],
    ]);
  });

  it.each([
    ["[]", "an empty file"],
    ['[{"a":1},', "not JSON"],
    ['[{"a":1},[2]]', "row 2 is an array, expected an object"],
    ['{\n "a": [1, 2]\n}\n', "expected an array of objects"],
    ['{"a":[1,2],"b":[3]}', "one object with 2 keys, expected an array of objects"],
    ['{"a":[{"x":1}],"b":[{"y":2}]}', "one object with 2 keys, expected an array of objects"],
  ])("that is no table is refused: %j", async (text, message) => {
    await expect(read(write("bad.json", text))).rejects.toThrow(message);
  });
});

describe("a Parquet file", () => {
  const path = join(root, "rows.parquet");

  it("holds the cells of its columns", async () => {
    parquetWriteFile({
      filename: path,
      rowGroupSize: 2,
      columnData: [
        { name: "n", data: [1n, 2n, 3n], type: "INT64" },
        { name: "x", data: [0.5, null, -1.5], type: "DOUBLE" },
        { name: "s", data: ["a", "b", "c"], type: "STRING" },
        { name: "t", data: [true, false, true], type: "BOOLEAN" },
        { name: "d", data: [1, 2, 3].map((day) => new Date(Date.UTC(2024, 0, day))), type: "TIMESTAMP" },
      ],
    });
    const { names, rows } = await read(path);
    expect(names).toEqual(["n", "x", "s", "t", "d"]);
    expect(rows[1]).toEqual([2, null, "b", false, "2024-01-02T00:00:00.000Z"]);
    expect(rows).toHaveLength(3);
  });

  it("that is damaged is refused", async () => {
    const bad = write("bad.parquet", "PAR1 and nothing else PAR1");
    await expect(read(bad)).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining("not a readable Parquet file"),
    });
  });
});

describe("the schema of a table", () => {
  const values = (row: (i: number) => string, count = 60) =>
    Array.from({ length: count }, (_, i) => row(i)).join("\n");

  it("finds the type of each column", async () => {
    const path = write(
      "types.csv",
      `id,size,items,paid,shop,day,note,unit\n${values(
        (i) =>
          `X${i},${Math.sin(i)},${(i * 7) % 5},${i % 3 ? "yes" : "no"},${"NSW"[i % 3]},2024-02-${10 + (i % 15)},text ${i >> 1},kg`,
      )}`,
    );
    expect(await typesOf(path)).toEqual({
      id: "identifier",
      size: "continuous",
      items: "integer",
      paid: "boolean",
      shop: "category",
      day: "date",
      note: "text",
      unit: "constant",
    });
  });

  it("takes a column that counts the rows for an identifier, and others of whole numbers not", async () => {
    const path = write(
      "count.csv",
      `n,m,customer_id\n${values((i) => `${i},${(i * 37) % 61},${(i * 53) % 61}`)}`,
    );
    expect(await typesOf(path)).toEqual({ n: "identifier", m: "integer", customer_id: "identifier" });
  });

  it("counts what is missing, and finds steps and spikes", async () => {
    const path = write(
      "gaps.csv",
      `x,y\n${values((i) => `${i % 2 ? 0 : ((i * 7) % 20) / 10},${i % 4 ? i * i : "NA"}`)}`,
    );
    const [x, y] = (await schemaOf(path)).columns;
    expect(x?.gap).toBeCloseTo(0.2, 10);
    expect(x?.spikes?.[0]).toEqual({ value: "0", share: 33 / 60 });
    expect([y?.type, y?.missing, y?.distinct]).toEqual(["integer", 15, 45]);
  });

  it("tells values of their own from values of a scale, however many rows there are", async () => {
    const rng = makeRng(5);
    for (const count of [300, 3000]) {
      const rows = Array.from({ length: count }, (_, i) => [
        i % 5 < 3 ? 0 : Math.exp(rng.normal()), // an amount, mostly zero
        i % 5 === 0 ? "" : i % 4 === 0 ? 99.9 : rng.normal(), // a cap, and missing ones
        1 + rng.integer(9) / 2, // stars
      ]);
      const path = write(
        `atoms-${count}.csv`,
        `amount,capped,stars\n${rows.map((row) => row.join()).join("\n")}\n`,
      );
      const [amount, capped, stars] = (await schemaOf(path)).columns;
      expect([amount?.atoms, amount?.gap, amount?.type]).toEqual([[0], 0, "continuous"]);
      expect([capped?.atoms, capped?.gap]).toEqual([[99.9], 0]);
      expect([stars?.atoms, stars?.gap]).toEqual([undefined, 0.5]);
    }
  });

  it("take no top of a smooth distribution for values of their own, but zeros on top of it", async () => {
    const rng = makeRng(6);
    // two exponential distributions: 0 and 1 come often, and up to 100 other values rarely
    const count = (): number => Math.floor(-(rng.uniform() < 0.5 ? 2 : 20) * Math.log(1 - rng.uniform()));
    const rows = Array.from({ length: 2000 }, () => [
      count(),
      rng.uniform() < 0.5 ? 0 : count(),
      rng.uniform() < 0.7 ? rng.integer(2) : count(), // two that are next to each other
    ]);
    const path = write("counts.csv", `count,zeros,both\n${rows.map((row) => row.join()).join("\n")}\n`);
    const [smooth, zeros, both] = (await schemaOf(path)).columns;
    expect(smooth!.spikes!.length).toBeGreaterThan(0);
    expect([smooth!.atoms, smooth!.gap]).toEqual([undefined, 1]);
    expect([zeros!.atoms, zeros!.gap]).toEqual([[0], 1]);
    expect(new Set(both!.atoms)).toEqual(new Set([0, 1]));
  });

  it("says where numbers are mixed with text, the first five", async () => {
    const path = write("mixed.csv", `x\n${values((i) => (i % 20 === 3 ? `~${i}` : `${i / 3}`))}`);
    const [x] = (await schemaOf(path)).columns;
    expect([x?.type, x?.problem]).toEqual([
      "mixed",
      'most cells hold a number, but row 4 holds "~3"; row 24 holds "~23"; row 44 holds "~43"',
    ]);
  });

  it("says how to write what looks like numbers and dates: texts, whole numbers, and some cells among numbers", async () => {
    const path = write(
      "alike.csv",
      `paid,owed,day,left\n${values((i) => `"${i % 5 ? "$4,2" : ""}${10 + i}.95",${i % 20 ? i / 3 : `(${i}.5)`},200612${10 + (i % 20)},x`)}`,
    );
    const [paid, owed, day, left] = (await schemaOf(path)).columns;
    expect([paid?.looksLike, paid?.hint]).toEqual([
      "number",
      "the texts look like numbers; write 1234.5 without groups and signs for them to be numbers",
    ]);
    expect([paid?.type, paid?.range]).toEqual(["identifier", undefined]); // some of its texts are plain numbers
    expect(owed?.problem).toBe(
      'most cells hold a number, but row 1 holds "(0.5)"; row 21 holds "(20.5)"; row 41 holds "(40.5)"; write -3.21 in place of (3.21)',
    );
    expect([day?.type, day?.hint]).toEqual([
      "integer",
      "the numbers look like dates; write 2006-12-10 in place of 20061210 for them to be dates",
    ]);
    expect([left?.hint, owed?.hint]).toEqual([undefined, undefined]);
  });

  it.each(["Infinity", "-inf", "1e39"])("says where a number is out of range: %s", async (bad) => {
    const path = write("range.csv", `x\n1\n2\n${bad}\n4\n`);
    const [x] = (await schemaOf(path)).columns;
    expect(x?.problem).toContain(`row 3 holds "${bad}": numbers must be finite`);
  });

  it("knows only dates that there are", async () => {
    const path = write("dates.csv", `d\n${values((i) => `2024-02-${i === 7 ? "30" : 10 + (i % 19)}`)}`);
    expect((await typesOf(path)).d).toBe("mixed");
  });
});
