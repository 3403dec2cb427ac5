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

/** A row whose weight follows its size, if there is one; `=2+3` is the name of a column that a spreadsheet would run. */
function row(seed: number, weight?: string): string {
  const rng = makeRng(seed);
  const size = 10 + 2 * rng.normal();
  const own = 3 * (size - 10) + 0.2 * rng.normal();
  return `${seed},${size.toFixed(3)},${weight ?? (rng.uniform() < 0.05 ? "" : own.toFixed(3))},${rng.uniform() < 0.7 ? "web" : "shop"}`;
}

const write = (path: string, lines: readonly string[]): string => {
  writeFileSync(path, `order id,size,=2+3,shop\n${lines.join("\n")}\n`);
  return path;
};

const other = write(join(root, "other.csv"), [row(5001), row(5002, "40"), row(5003), row(5004, "-45.5")]);

beforeAll(async () => {
  const lines = Array.from({ length: 1500 }, (_, i) => row(i));
  const flags = ["--id", "order id", "--steps", "100", "--pictures", "none", "--json"];
  const { status, stderr } = await runCommand([
    "train",
    "--data",
    write(known, lines),
    "--out",
    run,
    ...flags,
  ]);
  if (status !== 0) throw new Error(stderr);
});

it("writes the columns to blame, a repair and the nearest rows of flagged rows", async () => {
  const { status, stdout, stderr } = await runCommand(["score", run, "--data", other, "--reasons", "2"]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("columns to blame")]);
  const [head, ...lines] = stdout.trim().split("\n");
  expect(head).toBe("order id,score,p,flag,reason_1,reason_1_value,reason_2,reason_2_value,repair,nearest");
  const rows = lines.map((line) => line.split(","));
  expect(rows.map((cells) => cells[3])).toEqual(["0", "1", "0", "1"]);
  expect(rows[0]!.slice(4)).toEqual(["", "", "", "", "", ""]);
  // a name that a spreadsheet would run is text
  expect(rows[1]!.slice(4, 6)).toEqual(["'=2+3", "40"]);
  expect(rows[3]!.slice(4, 6)).toEqual(["'=2+3", "-45.5"]);
  const repairs = [rows[1]!, rows[3]!].map((cells) => /^'=2\+3 = (-?[\d.]+)$/.exec(cells[8]!)?.[1]);
  const sizes = [5002, 5004].map((seed) => Number(row(seed).split(",")[1]));
  repairs.forEach((value, i) => {
    expect(Math.abs(Number(value) - 3 * (sizes[i]! - 10))).toBeLessThan(1.5);
  });
  expect(rows[1]![9]).toMatch(/^\d+; \d+; \d+$/);
  expect(stderr).toMatch(/5004 +0\.00\d+ +=2\+3 -45\.5/);
});

it("writes three columns by default, and null in JSON lines", async () => {
  const out = join(root, "scored.jsonl");
  expect((await runCommand(["score", run, other, "--out", out, "--reasons", "--quiet"])).status).toBe(0);
  const rows = readFileSync(out, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows[0]).toMatchObject({ flag: 0, reason_1: null, repair: null, nearest: null });
  expect(rows[1]).toMatchObject({ flag: 1, reason_1: "=2+3", reason_1_value: "40" });
  expect(Object.keys(rows[1]).filter((key) => /^reason_\d$/.test(key))).toHaveLength(3);
});

it("refuses what has no reasons, and says which table it lacks", async () => {
  await expectRefusal(["score", run, "--split", "train", "--reasons", "1"], 2, "leave --split out");
  await expectRefusal(["score", run, other, "--reasons", "0"], 2, "expected a positive whole number");
  renameSync(known, `${known}.away`);
  await expectRefusal(["score", run, other, "--reasons"], 2, "known.csv: no such file");
});
