import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { makeRng } from "@flowify/core/layer";
import { beforeAll, describe, expect, it } from "vitest";
import { spawnCommand } from "./built-command.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const run = join(root, "run");
const parts = join(root, "part-*.csv");

/** Rows whose y follows their x, but for one in `odd`. */
function write(name: string, count: number, seed: number, odd = Number.POSITIVE_INFINITY): string {
  const rng = makeRng(seed);
  const line = (_: unknown, i: number) => {
    const x = rng.normal();
    return `${x.toFixed(3)},${((i % odd === 7 ? 30 : 2 * x) + 0.1 * rng.normal()).toFixed(3)}`;
  };
  const path = join(root, name);
  writeFileSync(path, `x,y\n${Array.from({ length: count }, line).join("\n")}\n`);
  return path;
}

beforeAll(async () => {
  const training = ["--data", write("known.csv", 400, 0), "--network", "table/additive", "--steps", "1"];
  const { status, stderr } = await runCommand([
    "train",
    ...training,
    "--pictures",
    "none",
    "--out",
    run,
    "--quiet",
  ]);
  if (status !== 0) throw new Error(stderr);
  for (const part of [1, 2, 3]) write(`part-${part}.csv`, 1500, part, 40);
});

/** What was recorded of an output, as text. */
const recordOf = (out: string): string => {
  const path = join(`${out}.part`, "progress.json");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

/** Kills a command as soon as it has recorded more than there was. */
async function killed(args: readonly string[], out: string): Promise<void> {
  const before = recordOf(out);
  const child = spawnCommand(args);
  const closed = once(child, "close");
  while (recordOf(out) === before && child.exitCode === null) await setTimeout(2);
  child.kill("SIGKILL");
  expect(await closed).toEqual([null, "SIGKILL"]);
}

const linesOf = (file: string): number => readFileSync(file, "utf8").trim().split("\n").length;

describe("flowify score that is killed", () => {
  const args = ["score", run, "--data", parts, "--false-alarms", "0.05", "--reasons", "1"];
  const begun = join(root, "begun");

  it("goes on, to the bytes of one that was never killed", async () => {
    const [whole, out] = [join(root, "whole.csv"), join(root, "scored.csv")];
    const once = await runCommand([...args, "--out", whole]);
    expect([once.status, once.stderr]).toEqual([0, expect.stringContaining("columns to blame")]);
    const rows: number[] = [];
    for (let kill = 0; kill < 2; kill++) {
      await killed([...args, "--out", out], out);
      rows.push(JSON.parse(recordOf(out)).state.rows);
      if (kill === 0) cpSync(`${out}.part`, begun, { recursive: true });
    }
    expect(rows[0]).toBeGreaterThan(0);
    expect(rows[1]).toBeGreaterThan(rows[0]!);
    expect(existsSync(out)).toBe(false);
    const { status, stderr } = await runCommand([...args, "--out", out]);
    const shown = rows[1]!.toLocaleString("en-US");
    expect([status, stderr]).toEqual([
      0,
      `going on after ${shown} scored rows\n${once.stderr.replaceAll(whole, out)}`,
    ]);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
    expect(readdirSync(root).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("starts anew where its data or its options are others", async () => {
    const out = join(root, "anew.csv");
    const goOn = (...flags: string[]) => {
      cpSync(begun, `${out}.part`, { recursive: true });
      return runCommand([...args, "--quiet", "--out", out, ...flags]);
    };
    const limited = await goOn("--limit", "10");
    expect([limited.status, limited.stderr]).toEqual([
      0,
      expect.stringContaining("begun with another --limit, so it is written anew"),
    ]);
    expect(linesOf(out)).toBe(11);
    utimesSync(join(root, "part-2.csv"), 1, 1);
    rmSync(out);
    const later = await goOn();
    expect([later.status, later.stderr]).toEqual([0, expect.stringContaining("begun with another --data")]);
    expect(linesOf(out)).toBe(4501);
  });
});

describe("flowify sample that is killed", () => {
  const args = ["sample", run, "--count", "60000", "--seed", "3"];

  it("goes on, to the bytes of one that was never killed, whose first rows are those of a smaller sample", {
    tags: ["long"],
  }, async () => {
    const [whole, out, few] = ["whole.jsonl", "sampled.jsonl", "few.jsonl"].map((name) => join(root, name));
    expect((await runCommand([...args, "--out", whole!])).stdout).toBe(`60,000 samples: ${whole}\n`);
    await killed([...args, "--out", out!], out!);
    const { rows } = JSON.parse(recordOf(out!)).state;
    const { status, stderr } = await runCommand([...args, "--out", out!]);
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining(`going on after ${rows.toLocaleString("en-US")} sampled rows\n`),
    ]);
    expect(readFileSync(out!).equals(readFileSync(whole!))).toBe(true);
    expect((await runCommand(["sample", run, "-n", "512", "--seed", "3", "--out", few!])).status).toBe(0);
    expect(readFileSync(whole!, "utf8").startsWith(readFileSync(few!, "utf8"))).toBe(true);
  });

  it("with more rows than the disk has room for begins no file", async () => {
    const out = join(root, "large.npy");
    const { status, stderr } = await runCommand(["sample", run, "--count", "1e15", "--out", out]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/large\.npy: needs at least [\d.e+]+ GiB, its disk has/),
    ]);
    expect(readdirSync(root).filter((name) => name.startsWith("large"))).toEqual([]);
  });
});
