import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const ort = await loadRuntime();
const HEAD = "flag,day,count,weight,shop,gift";

/** Numbers, integers, dates, categories and booleans, with missing values. A column is called as an output. */
function row(seed: number, shops: readonly string[]): string {
  const rng = makeRng(seed);
  const size = 1e7 + rng.normal();
  const day = `2024-0${1 + rng.integer(9)}-1${rng.integer(10)}`;
  const weight = rng.uniform() < 0.1 ? "" : (3 * (size - 1e7) + 0.2 * rng.normal()).toFixed(3);
  const shop = rng.uniform() < 0.1 ? "" : shops[rng.integer(shops.length)];
  return `${size.toFixed(3)},${rng.uniform() < 0.05 ? "" : day},${rng.integer(6)},${weight},${shop},${rng.uniform() < 0.3 ? "yes" : "no"}`;
}

function write(name: string, count: number, seed: number, shops: readonly string[]): string {
  const path = join(root, name);
  const lines = Array.from({ length: count }, (_, i) => row(seed + i, shops));
  writeFileSync(path, `${HEAD}\n${lines.join("\n")}\n`);
  return path;
}

const numbers = (values: readonly number[]) =>
  new ort.Tensor("float64", Float64Array.from(values), [values.length, 1]);
const texts = (values: readonly string[]) => new ort.Tensor("string", [...values], [values.length, 1]);
const numberOf = (cell: string): number => (cell === "" ? Number.NaN : Number(cell));
const dayOf = (cell: string): number => (cell === "" ? Number.NaN : Date.parse(cell) / 86_400_000);

/** Score, p and flag of each row of a file, by a graph in ONNX Runtime alone. */
async function byGraph(folder: string, file: string): Promise<number[][]> {
  const lines = readFileSync(file, "utf8").trim().split("\n").slice(1);
  const column = (at: number): string[] => lines.map((line) => line.split(",")[at]!);
  const session = await ort.InferenceSession.create(readFileSync(join(folder, "detector.onnx")));
  const { score, p, flag } = await session.run({
    "input flag": numbers(column(0).map(numberOf)),
    day: numbers(column(1).map(dayOf)),
    count: numbers(column(2).map(numberOf)),
    weight: numbers(column(3).map(numberOf)),
    shop: texts(column(4)),
    gift: texts(column(5)),
  });
  return lines.map((_, i) => [score, p, flag].map((output) => (output!.data as Float32Array)[i]!));
}

async function byCommand(run: string, file: string): Promise<number[][]> {
  const { stdout } = await runCommand(["score", run, file, "--false-alarms", "0.1", "--quiet"]);
  return stdout
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").slice(1).map(Number));
}

const known = write("known.csv", 400, 0, ["web", "store", "phone"]);
const fresh = write("fresh.csv", 200, 5000, ["web", "store", "phone", "market"]);
const train = (name: string, ...flags: string[]) =>
  runCommand(
    [
      "train",
      "--data",
      known,
      "--out",
      join(root, name),
      "--network",
      "table/gaussian", // the detector is the same for every network
      "--steps",
      "30",
      "--pictures",
      "none",
      "--quiet",
    ].concat(flags),
  );

describe.each([
  ["clean", [], []],
  ["contaminated", ["--contaminated"], ["long"]],
] as const)("the exported detector of %s rows", (name, flags, tags) => {
  const run = join(root, name);
  const folder = join(root, `${name}-graph`);

  beforeAll(async () => {
    const { status, stderr } = await train(name, ...flags);
    if (status !== 0) throw new Error(stderr);
  });

  it("returns the scores, p-values and flags of flowify, without flowify", { tags: [...tags] }, async () => {
    const args = ["export", run, "--detector", "--out", folder, "--false-alarms", "0.1", "--json"];
    const { status, stdout } = await runCommand(args);
    const document = JSON.parse(stdout);
    expect([status, document.difference < 1e-4]).toEqual([0, true]);
    expect(document.inputs.map((input: { name: string; type: string }) => [input.name, input.type])).toEqual([
      ["input flag", "float64"],
      ["day", "float64"],
      ["count", "float64"],
      ["weight", "float64"],
      ["shop", "string"],
      ["gift", "string"],
    ]);
    const [found, wanted] = [await byGraph(folder, fresh), await byCommand(run, fresh)];
    expect([found.length, wanted.filter(([, , flag]) => flag === 1).length > 0]).toEqual([200, true]);
    found.forEach(([score, p, flag], i) => {
      const [wantedScore, wantedP, wantedFlag] = wanted[i]!;
      expect(Math.abs(score! - wantedScore!)).toBeLessThan(1e-4 * (1 + Math.abs(wantedScore!)));
      expect(Math.abs(p! - wantedP!)).toBeLessThan(1e-4);
      expect(flag).toBe(wantedFlag);
    });
  });
});

describe("flowify export --detector", () => {
  it("goes on where the table is gone, with a warning", async () => {
    const config = join(root, "clean", "config.json");
    const before = readFileSync(config, "utf8");
    writeFileSync(config, before.replaceAll(known, join(root, "gone.csv")));
    const out = join(root, "blind");
    const { status, stderr } = await runCommand(["export", join(root, "clean"), "--detector", "--out", out]);
    writeFileSync(config, before);
    expect([status, stderr]).toEqual([0, expect.stringContaining("written without a comparison")]);
  });

  it("refuses runs and flags without a detector", async () => {
    const clean = join(root, "clean");
    const out = join(root, "refused");
    await expectRefusal(["export", clean, "--false-alarms", "0.1", "--out", out], 2, "add --detector");
    await expectRefusal(["export", clean, "--detector", "--out", join(root, "clean-graph")], 2, "--force");
    const { data, network } = writeSmallData(root);
    const images = join(root, "images-run");
    await runCommand([
      "train",
      "--data",
      data,
      "--network",
      network,
      "--steps",
      "1",
      "--pictures",
      "none",
      "--out",
      images,
      "--quiet",
    ]);
    await expectRefusal(["export", images, "--detector", "--out", out], 2, "is no table");
  });
});
