import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readTable, schemaOf, tableFiles } from "./table-files.js";

const write = tableFiles();

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
    const { names, rows } = await readTable(write("cells.csv", text));
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
    expect((await readTable(path)).notes[0]).toContain("decimal commas, semicolons separate");
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
      expect((await readTable(path)).notes.at(-1)).toBe(
        "numbers have decimal commas and dots between thousands (4.343 is 4343), semicolons separate the cells",
      );
    }
    const [total] = (await schemaOf(write("row.csv", "5.869;5,11\n"))).columns;
    expect([total?.type, (await readTable(write("row.csv", "5.869;5,11\n"))).rows]).toEqual([
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
    const found = await readTable(write("doubt.csv", text));
    const forms = [...(found.formats?.values() ?? [])].map((each) => each.writtenAs);
    expect([forms.includes("1.234,50"), found.notes.at(-1)]).toEqual([decimalComma, note]);
  });

  it("whose names are fewer than the cells of all rows is refused, with what to do", async () => {
    const reading = readTable(write("above.csv", "Report, of 2024\na,b,c\n1,2,3\n2,3,4\n"));
    await expect(reading).rejects.toThrow("remove lines above the names of the columns");
  });

  it("without a header has its columns numbered", async () => {
    const { names, rows, notes } = await readTable(write("bare.csv", "1,x\n2,y\n"));
    expect([names, rows.length]).toEqual([["column 1", "column 2"], 2]);
    expect(notes).toEqual(["the first row holds values, so columns are called by their numbers"]);
  });

  it.each([
    ["a missing value", "Na,Mg\n0.4,0.3\n1.2,-0.3\n", ["Na", "Mg"]],
    ["the separator, for Excel", "sep=;\r\na;b\r\n1;2\r\n3;4\r\n", ["a", "b"]],
    ["comments", '# made by X\n# it\'s "so", v2, of 3\na,b\n1,2\n3,4\n5,6\n7,8\n', ["a", "b"]],
    ["a title", "Sales report 2024\n\na;b;c\n1;2;3\n3;4;5\n", ["a", "b", "c"]],
    ["a header behind a #", "#a,b\n1,2\n3,4\n", ["#a", "b"]],
    ["years", "land,2019,2020,2021\nde,83,83,84\nfr,67,67,68\n", ["land", "2019", "2020", "2021"]],
    ["counted columns", ",0,1\n0,0.12,7.5\n1,-0.5,1.5\n", ["column 1", "0", "1"]],
    ["days", "land,2020-01-22,2020-01-23\nde,0,1\nfr,2,2\n", ["land", "2020-01-22", "2020-01-23"]],
    ["no names, but whole numbers", "1,2\n2,3\n5,1\n", ["column 1", "column 2"]],
    [
      "no names, but a value that is missing below too",
      "a,NA,1.5\nb,NA,2\n",
      ["column 1", "column 2", "column 3"],
    ],
  ])("whose first row looks like %s", async (_, text, names) => {
    expect((await readTable(write("first.csv", text))).names).toEqual(names);
  });

  it("gives empty and repeated names others, and says so", async () => {
    const { names, notes } = await readTable(write("names.csv", "a,,a\n1,2,3\n"));
    expect(names).toEqual(["a", "column 2", "a (column 3)"]);
    expect(notes).toEqual([
      'column 2 has no name: it is called "column 2"',
      'the name "a" comes twice: column 3 is called "a (column 3)"',
    ]);
  });

  it("in Latin-1 or UTF-16 is text all the same", async () => {
    const latin = Buffer.from("name,n\nMünchen,1\nKöln,2\n", "latin1");
    expect((await readTable(write("latin.csv", latin))).rows[0]).toEqual(["München", "1"]);
    const wide = Buffer.from("\ufeffname,n\nMünchen,1\nKöln,2\n", "utf16le");
    expect((await readTable(write("wide.csv", wide))).rows[0]).toEqual(["München", "1"]);
  });

  it.each([
    ["empty", "", "an empty file, expected a table"],
    ["blank", "\n\n", "an empty file, expected a table"],
    ["with zero bytes", "a,b\0\n1,2\n", "holds zero bytes, expected text"],
    ["with an open quote", 'a,b\n1,2\n3,"4\n', "row 2: a quote is opened and not closed"],
    ["with text after a quote", 'a,b\n1,2\n3,"4"5\n', "row 2: a quote is followed by text"],
    ["with ragged rows", "a,b\n1,2\n3\n4,5,6\n", "expected 2 cells in a row: row 2 has 1; row 3 has 3"],
  ])("%s is refused", async (_, text, message) => {
    await expect(readTable(write("bad.csv", text))).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining(message),
    });
  });

  it("names the first five ragged rows and no more", async () => {
    const text = `a,b\n${"1,2\n".repeat(3)}${"1\n".repeat(20)}`;
    const rows = [4, 5, 6, 7, 8].map((row) => `row ${row} has 1`).join("; ");
    await expect(readTable(write("ragged.csv", text))).rejects.toThrow(
      `expected 2 cells in a row: ${rows}\n`,
    );
  });

  it("with a line that has no end is refused before it fills the memory", async () => {
    const path = write("long.csv", `a,b\n1,"${"x".repeat(17 * 2 ** 20)}`);
    await expect(readTable(path)).rejects.toThrow("a row is longer than 16 MiB");
  });
});

describe("a Parquet file", () => {
  const path = write("rows.parquet", "");

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
    const { names, rows } = await readTable(path);
    expect(names).toEqual(["n", "x", "s", "t", "d"]);
    expect(rows[1]).toEqual([2, null, "b", false, "2024-01-02T00:00:00.000Z"]);
    expect(rows).toHaveLength(3);
  });

  it("that is damaged is refused", async () => {
    const bad = write("bad.parquet", "PAR1 and nothing else PAR1");
    await expect(readTable(bad)).rejects.toMatchObject({
      code: "DATA",
      message: expect.stringContaining("not a readable Parquet file"),
    });
  });
});
