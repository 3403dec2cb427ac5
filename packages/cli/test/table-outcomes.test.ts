import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors, encodeSafetensors } from "@flowify/core";
import { makeRng, type Rng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

function write(
  name: string,
  head: string,
  count: number,
  row: (rng: Rng) => readonly (number | string)[],
): string {
  const path = join(root, name);
  const rng = makeRng(3);
  const lines = Array.from({ length: count }, () =>
    row(rng)
      .map((value) => String(value))
      .join(","),
  );
  writeFileSync(path, `${[head, ...lines].join("\n")}\n`);
  return path;
}

const quick = ["--steps", "30", "--pictures", "none"];

it("a Gaussian trains on continuous columns, and a run of independent columns is told the cause and the better baseline", async () => {
  const data = write("normal.csv", "a,b", 300, (rng) => [rng.normal(), rng.normal()]);
  const run = join(root, "gaussian");
  const args = ["train", "--data", data, "--network", "table/gaussian", "--out", run, ...quick, "--json"];
  const { status, stdout } = await runCommand(args);
  expect(status).toBe(0);
  const { validation, warnings, baseline } = JSON.parse(stdout);
  expect(validation.examples).toBeGreaterThan(0);
  expect(baseline.name).toMatch(/Gaussian|histogram/);
  expect(warnings.join("\n")).not.toContain("no step improved the held-out examples");
});

it("a run that cannot begin leaves no folder", async () => {
  const data = write("few.csv", "a,b", 300, (rng) => [rng.normal(), rng.normal()]);
  const network = join(root, "fixed.json");
  writeFileSync(network, JSON.stringify({ inShape: [2], layers: [{ kind: "whiten" }] }));
  const out = join(root, "fixed");
  const { status, stderr } = await runCommand([
    "train",
    "--data",
    data,
    "--network",
    network,
    "--out",
    out,
    ...quick,
  ]);
  expect([status > 0, stderr]).toEqual([true, expect.stringContaining("fixed")]);
  expect(existsSync(out)).toBe(false);
});

it("rows are sampled with exact zeros, without negative amounts where there were none, and with constant columns", {
  tags: ["long"],
  timeout: 240_000,
}, async () => {
  const amount = (rng: Rng): number => (rng.uniform() < 0.6 ? 0 : Number(Math.exp(rng.normal()).toFixed(9)));
  const data = write("zeros.csv", "amount,place,other,unit", 600, (rng) => [
    amount(rng),
    "Bonn",
    rng.normal(),
    "kg",
  ]);
  const run = join(root, "zeros");
  await runCommand(["train", "--data", data, "--drop", "unit", "--out", run, ...quick, "--quiet"]);
  const out = join(root, "sampled.csv");
  await runCommand(["sample", run, "--count", "1000", "--out", out, "--quiet"]);
  const [names, ...lines] = readFileSync(out, "utf8").trim().split("\n");
  expect(names).toBe("amount,place,other");
  expect(lines.filter((line) => line.split(",")[1] !== "Bonn")).toEqual([]);
  const amounts = lines.map((line) => Number(line.split(",")[0]));
  expect(amounts.filter((value) => value < 0)).toEqual([]);
  const zeros = amounts.filter((value) => value === 0).length / amounts.length;
  expect(Math.abs(zeros - 0.6)).toBeLessThan(0.06);
  // all others are as far from zero as in the table
  expect(amounts.filter((value) => value !== 0 && value < 0.01).length).toBeLessThan(10);
});

it("a run of few rows fits its densities to all of them at the end, and is measured, resumed and used as such", async () => {
  const data = write("few-rows.csv", "a,b", 160, (rng) => [rng.normal(), Math.exp(rng.normal())]);
  const run = join(root, "few-rows");
  const args = ["train", "--data", data, "--out", run, "--steps", "4", "--pictures", "none", "--json"];
  const { nats } = JSON.parse((await runCommand(args)).stdout);
  const fitted = join(run, "fitted.safetensors");
  const bytes = readFileSync(fitted);
  const measured = async () => JSON.parse((await runCommand(["evaluate", run, "--json"])).stdout).nats;
  expect(await measured()).toBeCloseTo(nats, 6);
  const again = JSON.parse((await runCommand(["train", "--resume", run, "--json"])).stdout);
  expect(again.nats).toBeCloseTo(nats, 6);
  expect(readFileSync(fitted).equals(bytes)).toBe(true);
  const isTold = async (...split: string[]) =>
    (await runCommand(["evaluate", run, ...split])).stderr.includes("these included");
  expect(await isTold("--split", "validation")).toBe(true);
  expect(await isTold()).toBe(false);
  writeFileSync(fitted, bytes.subarray(0, -8));
  await expectRefusal(["evaluate", run], 2, `run flowify train --resume ${run} to write it again`);
  // without it the figure is that of the rows that were trained on
  rmSync(fitted);
  expect(await isTold("--split", "validation")).toBe(false);
  expect(Math.abs((await measured()) - nats)).toBeGreaterThan(1e-4);
}, 120_000);

it("files of another run in its folder are refused by name, and those from before are taken", async () => {
  const runs = ["one", "two"].map((name) => join(root, `mixed-${name}`)) as [string, string];
  for (const [seed, run] of runs.entries()) {
    const data = write(`mixed-${seed}.csv`, "a,b", 160, (rng) => [
      rng.normal() + seed,
      Math.exp(rng.normal()),
    ]);
    const args = ["train", "--data", data, "--out", run, "--steps", "4", "--pictures", "none", "--quiet"];
    expect((await runCommand(args)).status).toBe(0);
  }
  const [one, two] = runs;
  const mixed = [
    ["detector.safetensors", ["score", one]],
    ["calibration.json", ["score", one, "--score", "likelihood"]],
    ["fitted.safetensors", ["sample", one, "--count", "2"]],
  ] as const;
  const own = mixed.map(([name]) => readFileSync(join(one, name)));
  for (const [name, args] of mixed) {
    const file = join(one, name);
    writeFileSync(file, readFileSync(join(two, name)));
    const way = `put back the files of one run, or remove this one, and run flowify train --resume ${one}`;
    await expectRefusal([...args], 2, `${file}: of another run than config.json beside it`, way);
  }
  for (const [name] of mixed) rmSync(join(one, name));
  expect((await runCommand(["train", "--resume", one, "--quiet"])).status).toBe(0);
  expect(mixed.map(([name]) => readFileSync(join(one, name)))).toEqual(own);
  // the safetensors files of earlier versions have no identity
  for (const name of ["detector.safetensors", "fitted.safetensors"]) {
    const { tensors, metadata } = decodeSafetensors(readFileSync(join(two, name)));
    const { run, ...before } = metadata;
    expect(run).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(join(two, name), encodeSafetensors(tensors, before));
  }
  const { run: _, ...calibration } = JSON.parse(readFileSync(join(two, "calibration.json"), "utf8"));
  writeFileSync(join(two, "calibration.json"), JSON.stringify({ ...calibration, version: 1 }));
  for (const kind of ["combination", "likelihood"])
    expect((await runCommand(["score", two, "--score", kind, "--quiet"])).status).toBe(0);
  const config = readFileSync(join(two, "config.json"));
  writeFileSync(join(one, "config.json"), config);
  await expectRefusal(
    ["sample", one, "--count", "2"],
    1,
    "a checkpoint of another run than config.json",
    "put back the files of one run, or train again",
  );
}, 120_000);
