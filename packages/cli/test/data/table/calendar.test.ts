import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTable } from "../../../src/data/table/sources/open-table.js";
import { readRows } from "../../../src/tables/read-rows.js";
import { runCommand } from "../../run-command.js";
import { temporaryFolder } from "../../temporary-folder.js";

const root = temporaryFolder();

function write(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

const day = (i: number) => `2024-02-${String(1 + (i % 29)).padStart(2, "0")}`;
const at = (i: number) => `${day(i)}T${String(i % 24).padStart(2, "0")}:${i % 2 ? "30" : "00"}`;
const visits = write(
  "visits.csv",
  `at,paid,size\n${Array.from({ length: 120 }, (_, i) => `${i % 10 === 9 ? "" : at(i)},${day(i)},${Math.sin(i)}`).join("\n")}\n`,
);

it("a calendar takes a date apart, in UTC", async () => {
  const path = write(
    "dates.csv",
    "day,x\n2024-02-29T23:59:30.5Z,1\n1969-12-31,2\n,3\n2024-03-01T01:00+02:00,4\nsoon,5\n",
  );
  const table = await openTable(path, { calendar: ["day"] });
  expect(table.names).toEqual(["day", "day time", "day weekday", "day month", "x"]);
  const rows = [];
  for await (const block of table.blocks()) rows.push(...block.rows);
  expect(rows).toEqual([
    ["2024-02-29", 86_370.5, "Thursday", "February", "1"],
    ["1969-12-31", 0, "Wednesday", "December", "2"],
    ["", null, null, null, "3"],
    ["2024-02-29", 82_800, "Thursday", "February", "4"],
    ["soon", null, null, null, "5"],
  ]);
});

it("its columns are in the schema, and other files are read in the same way", async () => {
  const { schema, names } = await readRows(visits, { calendar: ["at"] });
  const types = Object.fromEntries(schema.columns.map(({ name, type }) => [name, type]));
  expect(types).toMatchObject({ at: "date", "at time": "integer", "at weekday": "category" });
  expect(schema.columns.find(({ name }) => name === "at time")).toMatchObject({ gap: 1800, missing: 12 });
  expect(names).toContain("at weekday");
  expect((await readRows(visits, { schema })).names).toEqual(names);
  expect((await readRows(visits)).names).not.toContain("at weekday");
});

it("leaves out the time of dates that have none, missing ones among them", async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `${i % 10 === 9 ? "" : day(i)},${Math.sin(i)}`);
  const path = write("days.csv", `day,size\n${lines.join("\n")}\n`);
  const { schema } = await readRows(path, { calendar: ["day"] });
  const time = schema.columns.find(({ name }) => name === "day time");
  expect(time).toMatchObject({ type: "constant", use: "none" });
});

it("is shown, refused for other columns, and used by a run", { tags: ["long"] }, async () => {
  const shown = await runCommand(["data", "describe", visits, "--calendar", "at,paid"]);
  expect(shown.stdout).toMatch(/at weekday +category/);
  expect(shown.stdout).toMatch(/paid time +constant/);
  const refused = await runCommand(["data", "describe", visits, "--calendar", "size"]);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining("expected dates such as 2024-03-01"),
  ]);
  const unknown = await runCommand(["data", "describe", visits, "--calendar", "apt"]);
  expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining("--calendar: ")]);
  const run = join(root, "run");
  const flags = ["--steps", "3", "--pictures", "none", "--quiet", "--calendar", "at"];
  const trained = await runCommand(["train", "--data", visits, "--out", run, ...flags]);
  expect([trained.status, trained.stderr]).toEqual([0, expect.any(String)]);
  const scored = await runCommand(["score", run, visits, "--quiet"]);
  expect([scored.status, scored.stdout.trim().split("\n").length]).toEqual([0, 121]);
  const out = join(root, "sampled.csv");
  await runCommand(["sample", run, "--count", "2", "--out", out]);
  const described = await runCommand(["data", "describe", out, "--json"]);
  expect(JSON.parse(described.stdout).columns.map(({ name }: { name: string }) => name)).toEqual([
    "at",
    "paid",
    "size",
  ]);
  const [, first] = readFileSync(out, "utf8").split("\n");
  expect(first).toMatch(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)?,/);
  const again = await runCommand(["score", run, out, "--quiet"]);
  expect([again.status, again.stdout.trim().split("\n").length]).toEqual([0, 3]);
});
