import { cpSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { type MetricsRecord, withoutTimes } from "../src/run/metrics.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { type CommandResult, runCommand, spawnCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const data = join(root, "images");
const run = join(root, "run");
const STEPS = 6;
const training = [
  "--data",
  data,
  "--batch",
  "64",
  "--steps",
  String(STEPS),
  "--checkpoint-every",
  "2",
  "--seed",
  "3",
];

let trained: CommandResult;

beforeAll(async () => {
  writeIdxFolder(data, { train: 1024, test: 40, images: noise });
  trained = await runCommand(["train", ...training, "--out", run]);
}, 120_000);

/** The lines of a run's metrics without the fields that depend on the clock. */
const metricsOf = (folder: string): MetricsRecord[] =>
  readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => withoutTimes(JSON.parse(line) as MetricsRecord));

const lastCheckpoint = (folder: string): Buffer =>
  readFileSync(join(folder, "checkpoints", `step-00000000${STEPS}.safetensors`));

describe("flowify train", () => {
  it("says what it measured and where the pictures are", () => {
    expect(trained).toMatchObject({ status: 0 });
    expect(trained.stdout).toMatch(/^\d+\.\d{3} ± \d\.\d{3} bits per dimension on 40 test images/);
    expect(trained.stdout).toMatch(/^linear\[\d+\] +[+-]\d+\.\d{3} +exact/m);
    expect(trained.stdout).toContain(`pictures: ${join(run, "samples.png")}`);
    expect(trained.stderr).toContain("mnist/fmlp on ");
  });

  it("fills the folder of the run, and leaves neither lock nor temporary file", async () => {
    expect(readdirSync(run).sort()).toEqual([
      "checkpoints",
      "config.json",
      "ledger.png",
      "metrics.jsonl",
      "reconstructions.png",
      "samples.png",
    ]);
    expect(readdirSync(join(run, "checkpoints")).length).toBe(3 * 2);
    expect(metricsOf(run).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
    const { width, height } = await sharp(join(run, "samples.png")).metadata();
    expect([width, height]).toEqual([914, 667]);
  });

  it("stopped by Ctrl-C and resumed, is as if never stopped", async () => {
    const stopped = join(root, "stopped");
    const child = spawnCommand(["train", ...training, "--out", stopped, "--quiet"]);
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const lines = () => {
      try {
        return readFileSync(join(stopped, "metrics.jsonl"), "utf8").split("\n").length - 1;
      } catch {
        return 0;
      }
    };
    while (lines() < 1) await setTimeout(5);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(metricsOf(stopped).length).toBeLessThan(STEPS);
    // As a kill in the middle of the last line would have left it.
    truncateSync(join(stopped, "metrics.jsonl"), readFileSync(join(stopped, "metrics.jsonl")).length - 5);

    const { status } = await runCommand(["train", "--resume", stopped, "--quiet"]);
    expect(status).toBe(0);
    expect(metricsOf(stopped)).toEqual(metricsOf(run));
    expect(lastCheckpoint(stopped).equals(lastCheckpoint(run))).toBe(true);
  }, 120_000);

  it("computes in Wasm what it computes in ONNX Runtime, and the document says all", async () => {
    const wasm = join(root, "wasm");
    const args = [
      "--data",
      data,
      "--batch",
      "64",
      "--steps",
      "2",
      "--seed",
      "3",
      "--device",
      "wasm",
      "--json",
    ];
    const result = await runCommand(["train", ...args, "--out", wasm]);
    const document = JSON.parse(result.stdout);
    expect(document).toMatchObject({
      run: wasm,
      step: 2,
      steps: 2,
      finished: true,
      split: "test",
      items: 40,
    });
    expect(result.stderr).toContain("bits per dimension on 40 test images");
    const [first, native] = [wasm, run].map((folder) => Number(metricsOf(folder)[0]?.loss)) as [
      number,
      number,
    ];
    expect(first / native).toBeCloseTo(1, 4);
  }, 120_000);

  it("ends with the step, the layer and what to do where the loss is no longer finite", async () => {
    const folder = join(root, "diverging");
    const result = await runCommand(["train", ...training, "--lr", "1e30", "--out", folder]);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(
      /error\[NOT_FINITE\]: step \d+: .*\n +hint: .*\n +hint: try again with a step size below/,
    );
  }, 60_000);
});

describe("the commands that read a run", () => {
  it("evaluate: one document, whose ledger sums to the total", async () => {
    const { status, stdout, stderr } = await runCommand(["evaluate", run, "--json", "--samples", "2"]);
    expect({ status, lines: stdout.trimEnd().split("\n").length }).toEqual({ status: 0, lines: 1 });
    expect(stderr).toContain("bits per dimension on 40 test images");
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      "bpd",
      "stdErr",
      "samples",
      "items",
      "dataset",
      "split",
      "hash",
      "ledger",
    ]);
    expect(document).toMatchObject({ samples: 2, items: 40, dataset: "images", split: "test" });
    const sum = (document.ledger as { bpd: number }[]).reduce((total, { bpd }) => total + bpd, 0);
    expect(sum).toBeCloseTo(document.bpd, 9);
  }, 60_000);

  it("sample: a picture of as many images as asked for", async () => {
    const out = join(root, "few.png");
    const args = ["--count", "6", "--columns", "3", "--temperature", "0.5", "--mode", "mean", "--out", out];
    expect((await runCommand(["sample", run, ...args])).stdout).toBe(`6 samples: ${out}\n`);
    expect((await sharp(out).metadata()).height).toBeGreaterThan(2 * 56);
  }, 60_000);

  it("reconstruct: originals, means and draws", async () => {
    const out = join(root, "kept.png");
    const { stdout } = await runCommand([
      "reconstruct",
      run,
      "--count",
      "4",
      "--split",
      "train",
      "--out",
      out,
    ]);
    expect(stdout).toBe(`4 train images and their reconstructions: ${out}\n`);
    expect((await sharp(out).metadata()).format).toBe("png");
  }, 60_000);

  it("inspect: the layers of a run", async () => {
    const { stdout } = await runCommand(["inspect", run]);
    expect(stdout).toMatch(/^mnist\/fmlp after 6 steps: 1×28×28 → 8, [\d,]+ parameters/);
    expect(stdout).toMatch(/^linear\[\d+\] +784 +512 +[\d,]+ +exact$/m);
  }, 60_000);

  it("evaluate: uses an older checkpoint where the newest is damaged, and says so", async () => {
    const copy = join(root, "copy");
    cpSync(run, copy, { recursive: true });
    const newest = join(copy, "checkpoints", `step-00000000${STEPS}.safetensors`);
    truncateSync(newest, 1000);
    const { status, stderr } = await runCommand(["inspect", copy]);
    expect(status).toBe(0);
    expect(stderr).toContain(`warning: ${newest}: cut short: 1000 bytes`);
  }, 60_000);
});
