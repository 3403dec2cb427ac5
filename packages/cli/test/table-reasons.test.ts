import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const known = join(root, "known.csv");

/** Columns and values with HTML in them, and a column that a spreadsheet would run; `moved` shifts the column `other`. */
function write(
  path: string,
  count: number,
  seed: number,
  moved = 0,
  weights: readonly string[] = [],
): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const rng = makeRng(seed, i);
    const size = 10 + 2 * rng.normal();
    const weight = 3 * (size - 10) + 0.2 * rng.normal();
    return `<i>${i},${size.toFixed(3)},${weights[i] ?? weight.toFixed(3)},${(rng.normal() + moved).toFixed(3)},${rng.uniform() < 0.7 ? "<script>alert(1)</script>" : "shop"}`;
  });
  writeFileSync(path, `order id,<b>size</b>,=2+3,other,shop\n${lines.join("\n")}\n`);
  return path;
}

const sizeOf = (seed: number, i: number): number => 10 + 2 * makeRng(seed, i).normal();

const other = write(join(root, "other.csv"), 4, 9, 0, ["0", "40", "0", "-45.5"]);

beforeAll(async () => {
  // reasons and reports are of the detector, which no network of a run changes
  const short = ["--network", "table/gaussian", "--steps", "80", "--pictures", "none", "--json"];
  const flags = ["--id", "order id", ...short];
  const data = write(known, 1200, 0);
  const { status, stderr } = await runCommand(["train", "--data", data, "--out", run, ...flags]);
  if (status !== 0) throw new Error(stderr);
}, 240_000);

describe("flowify score --reasons", () => {
  it("writes the columns to blame, a repair and the nearest rows of flagged rows", async () => {
    const { status, stdout, stderr } = await runCommand(["score", run, "--data", other, "--reasons", "2"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("columns to blame")]);
    const [head, ...lines] = stdout.trim().split("\n");
    expect(head).toBe("order id,score,p,flag,reason_1,reason_1_value,reason_2,reason_2_value,repair,nearest");
    const rows = lines.map((line) => line.split(","));
    for (const [i, value] of [
      [1, "40.000"],
      [3, "-45.500"],
    ] as const) {
      const [, , , flag, reason, own, , , repair, nearest] = rows[i]!;
      // a name that a spreadsheet would run is text
      expect([flag, reason, own]).toEqual(["1", "'=2+3", value]);
      const changed = Number(/^'=2\+3 = (-?[\d.]+)$/.exec(repair!)?.[1]);
      expect(Math.abs(changed - 3 * (sizeOf(9, i) - 10))).toBeLessThan(2);
      expect(nearest).toMatch(/^<i>\d+; <i>\d+; <i>\d+$/);
    }
    const plain = rows.filter((cells) => cells[3] === "0");
    expect(plain.map((cells) => cells.slice(4).join(""))).toEqual(plain.map(() => ""));
    expect(stderr).toMatch(/<i>3 +0\.00\d+ +=2\+3 -45\.5/);
  });

  it("writes three columns by default, and null in JSON lines, with no other file than the run", async () => {
    const out = join(root, "scored.jsonl");
    renameSync(known, `${known}.away`);
    const { status } = await runCommand(["score", run, other, "--out", out, "--reasons", "--quiet"]);
    renameSync(`${known}.away`, known);
    expect(status).toBe(0);
    const rows = readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows[1]).toMatchObject({ flag: 1, reason_1: "=2+3", reason_1_value: "40.000" });
    expect(Object.keys(rows[1]).filter((key) => /^reason_\d$/.test(key))).toHaveLength(3);
    const plain = rows.filter(({ flag }) => flag === 0);
    expect(plain.map(({ reason_1: name, repair, nearest }) => [name, repair, nearest])).toEqual(
      plain.map(() => [null, null, null]),
    );
  });

  it("refuses rows without reasons", async () => {
    await expectRefusal(["score", run, "--split", "train", "--reasons", "1"], 2, "leave --split, --samples");
    await expectRefusal(["score", run, other, "--reasons", "0"], 2, "expected a positive whole number");
    const likelihood = ["score", run, other, "--score", "likelihood", "--reasons"];
    await expectRefusal(likelihood, 2, "--reasons is for tables");
  });
});

describe("flowify report", () => {
  const report = async (...flags: string[]) => {
    const out = join(root, "report");
    const { status, stderr } = await runCommand(["report", run, "--out", out, "--force", ...flags]);
    if (status !== 0) throw new Error(stderr);
    const { table } = JSON.parse(readFileSync(join(out, "report.json"), "utf8")).runs[0];
    return { page: readFileSync(join(out, "report.html"), "utf8"), table, stderr };
  };

  it("shows the held-out rows of a table, with what users wrote as text", async () => {
    const { page, table } = await report();
    expect(page.match(/https?:|<script|<i>|<b>size|url\(| on\w+=| id=/)).toBeNull();
    const texts = ["&lt;b&gt;size&lt;/b&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;i&gt;"];
    const titles = ["Scores", "Calibration of the p-values", "Pairs of columns", "Columns"];
    for (const text of [...texts, ...titles.map((title) => `<h3>${title}</h3>`)])
      expect([text, page.includes(text)]).toEqual([text, true]);
    expect([table.rows, table.falseAlarms]).toEqual([200, 0.01]);
    expect(table.flagged).toBeLessThanOrEqual(2);
    expect(table.worst).toHaveLength(10);
    expect(table.worst[0].name).toMatch(/^<i>\d+$/);
    const [held, ...none] = table.pValues;
    expect([held.name, none]).toEqual(["held-out rows", []]);
    expect(held.p).toBeGreaterThan(0.01);
    const names = table.columns.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["<b>size</b>", "=2+3", "other", "shop"]);
  });

  it("judges another file and finds the column that moved", async () => {
    const moved = write(join(root, "moved.csv"), 600, 1, 1.5, ["60"]);
    const { page, table } = await report("--data", moved, "--false-alarms", "0.05");
    expect([table.rows, table.source]).toEqual([600, moved]);
    expect(table.flagged).toBeGreaterThan(60);
    type Moved = { name: string; differences: { name: string; p: number }[] };
    const drifted = table.columns.filter(
      ({ differences }: Moved) => differences.find((each) => each.name === moved)!.p < 1e-6,
    );
    expect(drifted.map(({ name }: Moved) => name)).toEqual(["other"]);
    expect(table.pValues.at(-1).name).toBe(moved);
    expect(table.pValues.at(-1).p).toBeLessThan(1e-6);
    const odd = table.worst.find(({ name }: { name: string }) => name === "<i>0");
    expect(odd.blamed[0]).toMatchObject({ name: "=2+3", value: "60.000" });
    expect(page.includes('<td class="number moved">')).toBe(true);
  });

  it("goes without the rows where their table is gone, but not where a file is to be compared with it", async () => {
    await expectRefusal(["report", run, "--data", join(root, "absent.csv")], 2, "absent.csv: no such file");
    renameSync(known, `${known}.away`);
    const { table, page, stderr } = await report();
    expect([table, stderr]).toEqual([undefined, expect.stringContaining("the report has no scores of rows")]);
    expect(page.includes("<h3>Scores</h3>")).toBe(false);
  });
});
