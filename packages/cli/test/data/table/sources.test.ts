import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { fileHashes } from "../../../src/data/file-hashes.js";
import { rowName } from "../../../src/data/table/block.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { GZIP_LIMIT, unpackedPieces } from "../../../src/files/packed.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { pipeCommand } from "../../built-command.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { npyBytes } from "../npy-files.js";

const root = temporaryFolder();

function write(name: string, content: string | Uint8Array): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, where?: string) {
  const table = await openTable(path, { where });
  const [rows, called] = [[] as unknown[], [] as string[]];
  for await (const block of table.blocks()) {
    rows.push(...block.rows);
    called.push(...block.rows.map((_, i) => rowName(block, i)));
  }
  return { names: table.names, notes: table.notes, rows, called };
}

describe("a code that stands for a missing value", () => {
  const temperatures = Array.from({ length: 60 }, (_, i) => (i % 6 === 2 ? -999 : 20 + (i % 9) / 2));

  it.each([
    ["temp.csv", `temp,n\n${temperatures.map((each, i) => `${each.toFixed(1)},${i % 7}\n`).join("")}`],
    ["temp.jsonl", temperatures.map((temp, i) => `${JSON.stringify({ temp, n: i % 7 })}\n`).join("")],
    [
      "temp.npy",
      npyBytes(
        [60, 2],
        new Uint8Array(Float64Array.from(temperatures.flatMap((temp, i) => [temp, i % 7])).buffer),
        { descr: "'<f8'" },
      ),
    ],
  ])(
    "is missing in %s and in later files of its schema, and hinted at where nobody names it",
    async (name, content) => {
      const path = write(name, content);
      const { schema } = await readRows(path, { missing: ["-999"] });
      expect(schema.columns[0]).toMatchObject({ missing: 10, range: { least: 20 } });
      const again = await openTable(path, { schema });
      const found = await findSchema(path, again);
      expect([found.missing, found.columns[0]?.missing]).toEqual([["-999"], 10]);
      const [plain] = (await findSchema(path, await openTable(path))).columns;
      expect(plain).toMatchObject({ missing: 0, hint: expect.stringContaining("add --missing -999") });
    },
  );
});

describe("a gzip file", () => {
  it.each([
    ["rows.csv.gz", "a,b\n1,x\n2,y\n", ["1", "x"]],
    ["rows.tsv.gz", "a\tb\n1\tx\n2\ty\n", ["1", "x"]],
    ["rows.json.gz", '[{"a":1,"b":"x"},{"a":2,"b":"y"}]', [1, "x"]],
    ["rows.jsonl.gz", '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', [1, "x"]],
  ])("%s is the table in it", async (name, text, first) => {
    const { names, rows } = await read(write(name, gzipSync(text)));
    expect(names).toEqual(["a", "b"]);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(first);
  });

  it.each([
    ["cut short", gzipSync("a,b\n1,x\n").subarray(0, 20), "gzip file cut short"],
    ["that is none", Buffer.from("a,b\n1,2\n"), "damaged gzip file"],
  ])("%s is refused", async (_, bytes, message) => {
    const failed = read(write("bad.csv.gz", bytes));
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(message);
  });

  it("that unpacks to far more than a table does is refused before it is read to its end", async () => {
    const piece = gzipSync(Buffer.alloc(2 ** 23, "0\n")); // gzip files one after the other are one
    const bomb = write("bomb.csv.gz", Buffer.concat(new Array<Buffer>(16).fill(piece)));
    let unpacked = 0;
    const reading = async () => {
      for await (const bytes of unpackedPieces(bomb, "bomb", "a table")) unpacked += bytes.length;
    };
    await expect(reading()).rejects.toThrow(
      "bomb: unpacks to more than 200 times its size: reading stopped\nif you trust the file, unpack it with gunzip",
    );
    expect(unpacked).toBeLessThan(GZIP_LIMIT.bytes + 2 ** 20);
  });
});

describe("a pattern", () => {
  const pattern = join(root, "part-*.csv");
  write("part-1.csv", "a,b\n1,x\n2,y\n");
  write("part-2.csv", "b,a\nz,3\nw,4\nv,5\n");
  write("part.csv", "other\n1\n");

  it("is all files that match, by the names of the columns of the first", async () => {
    const { names, rows, called, notes } = await read(pattern);
    expect(names).toEqual(["a", "b"]);
    expect(rows.map((row) => (row as string[]).join(""))).toEqual(["1x", "2y", "3z", "4w", "5v"]);
    expect(called).toEqual(["part-1.csv#1", "part-1.csv#2", "part-2.csv#1", "part-2.csv#2", "part-2.csv#3"]);
    expect(notes[0]).toBe(`2 files, from ${join(root, "part-1.csv")} to ${join(root, "part-2.csv")}`);
    expect((await fileHashes(pattern))?.map(({ name }) => name)).toEqual(["part-1.csv", "part-2.csv"]);
  });

  it("keeps the names of rows under --where", async () => {
    expect((await read(pattern, "a >= 3 AND b <> 'w'")).called).toEqual(["part-2.csv#1", "part-2.csv#3"]);
  });

  it("names the file and the row of a wrong cell", async () => {
    const cells = (from: number) => Array.from({ length: 30 }, (_, i) => Math.sin(from + i));
    write("cell-1.csv", `x\n${cells(0).join("\n")}\n`);
    write("cell-2.csv", `x\n${cells(30).with(6, Number.NaN).join("\n").replace("NaN", "six")}\n`);
    await expect(readRows(join(root, "cell-?.csv"))).rejects.toThrow('row cell-2.csv#7 holds "six"');
  });

  it("of files with other columns is refused, with the file", async () => {
    write("odd-1.csv", "a,b\n1,x\n");
    write("odd-2.csv", "a,c\n1,x\n");
    await expect(read(join(root, "odd-*.csv"))).rejects.toThrow(
      `${join(root, "odd-2.csv")}: lacks "b", has "c": other columns than ${join(root, "odd-1.csv")} has`,
    );
  });

  it("that no file matches is refused", async () => {
    await expect(read(join(root, "none-*.csv"))).rejects.toThrow("no file matches");
  });
});

describe("standard input", () => {
  const described = (content: string | Uint8Array) =>
    pipeCommand(["data", "describe", "-", "--where", "a > 1"], content);

  it("holds a table in the format that its bytes have", async () => {
    const csv = Array.from({ length: 30 }, (_, i) => `${i},${i % 2 ? "web" : "north"}`).join("\n");
    const { status, text } = await described(gzipSync(`a,shop\n${csv}\n`));
    expect(text).toContain("28 rows, 2 columns in -");
    expect(text).toMatch(/shop +category +2 +web, north|shop +category +2 +north, web/);
    expect(status).toBe(0);
    const rows = Array.from({ length: 30 }, (_, a) => ({ a, shop: a % 2 ? "web" : "north" }));
    expect((await described(JSON.stringify(rows))).text).toContain("28 rows, 2 columns in -");
  });

  it("is named in messages", async () => {
    const { status, text } = await described('{"a":1}\n[2]\n');
    expect(text).toContain("standard input: line 2 is an array");
    expect(status).toBe(2);
  });

  it("that this process did not read is gone", async () => {
    await expect(openTable("-")).rejects.toThrow("the run was trained on it, and it is not kept");
  });
});
