import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { beforeAll, expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const known = join(root, "known.csv");

/** Columns and values with HTML in them; with `moved` the second column is elsewhere. */
function write(path: string, count: number, seed: number, moved = 0): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const rng = makeRng(seed, i);
    const size = 10 + 2 * rng.normal();
    const weight = i === 7 && moved ? 60 : 3 * size + 0.2 * rng.normal();
    return `<i>${i},${size.toFixed(3)},${weight.toFixed(3)},${(rng.normal() + moved).toFixed(3)},${rng.uniform() < 0.7 ? "<script>alert(1)</script>" : "shop"},2024-05-${String(1 + rng.integer(28)).padStart(2, "0")}`;
  });
  writeFileSync(path, `order id,<b>size</b>,"weight ""&""",other,shop,day\n${lines.join("\n")}\n`);
  return path;
}

const report = async (...flags: string[]) => {
  const out = join(root, "report");
  const { status, stderr } = await runCommand(["report", run, "--out", out, ...flags]);
  if (status !== 0) throw new Error(stderr);
  const { table } = JSON.parse(readFileSync(join(out, "report.json"), "utf8")).runs[0];
  return { page: readFileSync(join(out, "report.html"), "utf8"), table, stderr };
};

beforeAll(async () => {
  const flags = ["--id", "order id", "--steps", "80", "--pictures", "none", "--json"];
  const data = write(known, 1200, 0);
  const { status, stderr } = await runCommand(["train", "--data", data, "--out", run, ...flags]);
  if (status !== 0) throw new Error(stderr);
});

it("shows the held-out rows of a table, with what users wrote as text", async () => {
  const { page, table } = await report();
  expect(page.match(/https?:|<script|<i>|<b>size|url\(| on\w+=| id=/)).toBeNull();
  const texts = [
    "&lt;b&gt;size&lt;/b&gt;",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "weight &quot;&amp;&quot;",
  ];
  const titles = ["Scores", "Calibration of the p-values", "Pairs of columns", "Columns"];
  for (const text of [...texts, ...titles.map((title) => `<h3>${title}</h3>`)])
    expect([text, page.includes(text)]).toEqual([text, true]);
  expect([table.rows, table.falseAlarms]).toEqual([200, 0.01]);
  expect(table.flagged).toBeLessThanOrEqual(2);
  expect(table.worst).toHaveLength(10);
  expect(table.worst[0].name).toMatch(/^<i>\d+$/);
  expect(table.pValues).toEqual([
    { name: "validation rows", statistic: expect.any(Number), p: expect.any(Number) },
  ]);
  expect(table.pValues[0].p).toBeGreaterThan(0.001);
  expect(table.columns.map(({ name }: { name: string }) => name)).toEqual([
    "<b>size</b>",
    'weight "&"',
    "other",
    "shop",
    "day",
  ]);
});

it("judges another file and finds the column that moved", async () => {
  const moved = write(join(root, "moved.csv"), 600, 1, 1.5);
  const { page, table } = await report("--data", moved, "--false-alarms", "0.05");
  expect([table.rows, table.source]).toEqual([600, moved]);
  expect(table.flagged).toBeGreaterThan(60);
  const drift = table.columns.map(
    ({ name, differences }: { name: string; differences: { name: string; p: number }[] }) => ({
      name,
      p: differences.find((each) => each.name === moved)!.p,
    }),
  );
  expect(drift.filter(({ p }: { p: number }) => p < 1e-6)).toEqual([
    { name: "other", p: expect.any(Number) },
  ]);
  expect(table.pValues.at(-1)).toMatchObject({ name: moved, p: expect.any(Number) });
  expect(table.pValues.at(-1).p).toBeLessThan(1e-6);
  const odd = table.worst.find(({ name }: { name: string }) => name === "<i>7");
  expect(odd.blamed[0]).toMatchObject({ name: 'weight "&"', value: "60" });
  expect(page.includes('<td class="moved">')).toBe(true);
});

it("goes without the rows where their table is gone, but not where a file is to be compared with it", async () => {
  await expectRefusal(["report", run, "--data", join(root, "absent.csv")], 2, "absent.csv: no such file");
  renameSync(known, `${known}.away`);
  const { table, page, stderr } = await report();
  expect([table, stderr]).toEqual([undefined, expect.stringContaining("the report has no scores of rows")]);
  expect(page.includes("<h3>Scores</h3>")).toBe(false);
});
