import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@flowify/core";
import { describe, expect, it } from "vitest";
import { rowName } from "../../../src/data/table/block.js";
import { findSchema } from "../../../src/data/table/find-schema.js";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { filteredTable } from "../../../src/data/table/where/filter-rows.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();
const path = join(root, "shop.csv");
const COUNT = 20_000;
writeFileSync(
  path,
  `id,size,shop,day,Full Price\n${Array.from(
    { length: COUNT },
    (_, i) =>
      `X${i},${i % 7 === 0 ? "" : i / 10},${i % 3 ? "web" : "north"},2024-02-${10 + (i % 10)},${i % 5}`,
  ).join("\n")}\n`,
);

async function numbersWhere(where: string, file = path): Promise<string[]> {
  const found = [];
  for await (const block of (await openTable(file, { where })).blocks())
    found.push(...block.rows.map((_, i) => rowName(block, i)));
  return found;
}

describe("--where", () => {
  it("keeps the rows that fulfil it, and their numbers in the file", async () => {
    const wanted = Array.from({ length: COUNT }, (_, i) => i)
      .filter((i) => i % 7 !== 0 && i / 10 > 1990 && i % 3 === 0)
      .map((i) => String(i + 1));
    expect(wanted.length).toBeGreaterThan(10);
    expect(await numbersWhere("size > 1990 AND shop = 'north' -- or 'web'")).toEqual(wanted);
  });

  it("compares dates, missing values and names with spaces and capitals", async () => {
    const where = `id = 'X11' OR (day < '2024-02-11' AND "full price" = 0 AND size IS NULL)`;
    const wanted = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i === 11 || i % 70 === 0);
    expect(await numbersWhere(where)).toEqual(wanted.map((i) => String(i + 1)));
  });

  it("draws the same random rows each time", async () => {
    const once = await numbersWhere("random() < 0.01");
    expect(once.length).toBeGreaterThan(100);
    expect(await numbersWhere("random() < 0.01")).toEqual(once);
  });

  it("sees booleans and numbers of JSON lines as what they are", async () => {
    const lines = join(root, "rows.jsonl");
    writeFileSync(lines, '{"a":1.5,"b":true}\n{"a":2.5,"b":false}\n{"a":null,"b":true}\n');
    expect(await numbersWhere("b", lines)).toEqual(["1", "3"]);
    expect(await numbersWhere("a > 1 AND NOT b", lines)).toEqual(["2"]);
  });

  it("holds for the schema and for messages, which name rows of the file", async () => {
    const schema = await findSchema(path, await openTable(path, { where: "shop = 'north'" }));
    expect(schema.rows).toBe(Math.ceil(COUNT / 3));
    const bad = join(root, "bad.csv");
    writeFileSync(
      bad,
      `x,keep\n${Array.from({ length: 60 }, (_, i) => `${i === 40 ? "six" : Math.sin(i)},${i % 2 ? "no" : "yes"}`).join("\n")}\n`,
    );
    await expect(readRows(bad, { where: "keep = 'yes'" })).rejects.toThrow('row 41 holds "six"');
  });

  it("refuses a cell of another type than the first rows have", async () => {
    const bad = join(root, "late.csv");
    writeFileSync(
      bad,
      `x\n${Array.from({ length: 9000 }, (_, i) => (i === 8500 ? "six" : i / 3)).join("\n")}\n`,
    );
    await expect(numbersWhere("x > 1", bad)).rejects.toThrow(
      'row 8501, column "x" holds "six", but the first rows hold numbers',
    );
  });

  const secret = join(root, "secret.csv");
  writeFileSync(secret, "password\nhunter2\n");
  const out = join(root, "out.csv");
  it.each([
    ["another file", `size > (SELECT count(*) FROM read_csv('${secret}'))`, "a query in it"],
    ["the file itself", `id IN (SELECT id FROM read_csv('${path}'))`, "a query in it"],
    ["a text file", `EXISTS (FROM read_text('${secret}'))`, "a query in it"],
    ["a second statement", `true); COPY (SELECT 1) TO '${out}'; SELECT (true`, "more than a condition"],
    [
      "the file as a target",
      `true); COPY (SELECT 1) TO '${path}' (USE_TMP_FILE false); SELECT (1`,
      "more than a condition",
    ],
    ["another query", `true) UNION ALL SELECT 1 FROM "rows" WHERE (true`, "more than a condition"],
    ["an order", "true) ORDER BY (1", "more than a condition"],
    ["a group", "true) GROUP BY (1", "more than a condition"],
    ["an extension", "true); INSTALL httpfs; SELECT (1", "more than a condition"],
    ["an aggregate", "size > avg(size)", "aggregates"],
    ["a column that is not there", "sise > 1", 'unknown column "sise"; did you mean "size"?'],
    ["no SQL", "size >", "syntax error"],
  ])("refuses SQL with %s", async (_, where, message) => {
    const before = readFileSync(path, "utf8");
    const failed = numbersWhere(where);
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(message);
    expect(existsSync(out)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe(before);
  });
});

describe("--where sees the columns of the table and nothing else", () => {
  const odd = join(root, "odd.csv");
  writeFileSync(odd, "#,a,rowid\n5,1,x\n6,4,y\n7,9,x\n");

  it.each([
    ["COLUMNS(*) > 3", path.replace("shop", "plain"), ["2", "3"]],
    ['"#" > 5', odd, ["2", "3"]],
    ["rowid = 'x'", odd, ["1", "3"]],
  ])("%s", async (where, file, wanted) => {
    if (file !== odd) writeFileSync(file, "a,b\n1,9\n4,5\n7,8\n");
    expect(await numbersWhere(where, file)).toEqual(wanted);
  });

  it.each(["rowid > 3", '"#" > 3'])("refuses %s where there is no such column", async (where) => {
    await expect(numbersWhere(where)).rejects.toThrow(/unknown column "(rowid|#)"/);
  });

  it("is given up after its time", { timeout: 90_000 }, async () => {
    const endless = "size >= 0 AND list_sum(list_transform(range(100000000), x -> sin(x + size))) > 0";
    const given = async (): Promise<void> => {
      const table = await filteredTable(path, await openTable(path), endless, 2000);
      await table.blocks().next();
    };
    await expect(given()).rejects.toThrow("takes longer than 2 s for 8192 rows");
    expect(await numbersWhere("size > 1999")).toHaveLength(7); // and the next one is answered
  });
});
