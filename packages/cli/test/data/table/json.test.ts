import { describe, expect, it } from "vitest";
import { readTable, tableFiles } from "./table-files.js";

const write = tableFiles();

describe("JSON lines", () => {
  it("hold typed cells, and null where a row lacks a key", async () => {
    const path = write("rows.jsonl", '{"a":1,"b":"x"}\n\n{"a":2.5,"c":[1]}\n');
    const { names, rows } = await readTable(path);
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
    await expect(readTable(write("bad.jsonl", text))).rejects.toThrow(message);
  });

  it("refuse keys that come late", async () => {
    const text = `${'{"a":1}\n'.repeat(1000)}{"a":1,"b":2}\n`;
    await expect(readTable(write("late.jsonl", text))).rejects.toThrow('line 1001 has "b"');
  });
});

describe("JSON", () => {
  it("is an array of objects, whose keys may come late, or an object a line", async () => {
    const all = [...Array.from({ length: 1500 }, (_, a) => ({ a })), { a: 12345678901234567890n, late: "x" }];
    const digits = (_: string, value: unknown) => (typeof value === "bigint" ? `#${value}#` : value);
    const array = JSON.stringify(all, digits, 1).replaceAll(/"#|#"/g, "");
    const { names, rows } = await readTable(write("rows.json", array));
    expect(names).toEqual(["a", "late"]);
    expect([rows.length, rows[0], rows[1500]]).toEqual([1501, [0, null], ["12345678901234567890", "x"]]);
    const lines = await readTable(write("lines.json", '{"a":1}\n{"a":2}\n'));
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
      const { names, rows } = await readTable(write("document.json", text));
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
    const { names, rows, notes } = await readTable(write("deep.json", text));
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
    expect((await readTable(write("one.json", '{"a":12345678901234567890,"b":2}\n'))).rows).toEqual([
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
    await expect(readTable(write("bad.json", text))).rejects.toThrow(message);
  });
});
