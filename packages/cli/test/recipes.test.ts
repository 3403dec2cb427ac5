import { readFileSync } from "node:fs";
import { join } from "node:path";
import { paperNames, UsageError, zooNames } from "@flowify/core";
import { loadRuntime } from "@flowify/onnx";
import { describe, expect, it, vi } from "vitest";
import { examplesOf } from "../src/data/image-set.js";
import { dataOf, ratesOf, recipeNamed, recipeNames } from "../src/recipes.js";
import { planTraining } from "../src/training/train-plan.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root, "convolution");

describe("recipes", () => {
  it("are ours, and those of the paper", () => {
    expect(recipeNames).toEqual([...zooNames, ...paperNames]);
    expect(recipeNamed("mnist/fconv2:paper")).toEqual({
      network: "mnist/fconv2:paper",
      data: "mnist",
      epochs: 300,
      seed: 7,
      batchSize: 128,
      learningRate: 5e-4,
      orthogonalRate: 5e-4,
      warmup: 0,
      clip: null,
      density: "gaussian",
      init: "random",
      optimizer: "adam",
      initExamples: 4096,
    });
    expect(recipeNamed("cifar10/fmlp")).toMatchObject({
      data: "cifar10",
      epochs: 300,
      clip: 500,
      init: "data",
    });
  });

  it("refuses an unknown one with a suggestion", () => {
    expect(() => recipeNamed("mnist/fconv3")).toThrow(UsageError);
    expect(() => recipeNamed("mnist/fconv2:papre")).toThrow('did you mean "mnist/fconv2:paper"?');
  });
});

describe("the plan of a run", () => {
  const plan = async (flags: Parameters<typeof planTraining>[0]) => (await planTraining(flags)).config;

  it("takes a recipe: network, data, epochs, rates, seed", async () => {
    const config = await plan({ recipe: "mnist/fconv2:paper" });
    expect(config).toMatchObject({
      network: "mnist/fconv2:paper",
      recipe: "mnist/fconv2:paper",
      data: { name: "mnist", examples: 60_000 },
      flow: { density: "gaussian" },
      training: {
        steps: Math.ceil((300 * 60_000) / 128),
        seed: 7,
        learningRate: 5e-4,
        orthogonalRate: 5e-4,
        warmup: 0,
        clip: null,
        init: "random",
      },
    });
  });

  it("lets flags change a recipe; the schedule ends where the shorter run ends", async () => {
    const config = await plan({
      recipe: "mnist/fconv2",
      epochs: 1,
      density: "gaussian",
      seed: 1,
      lr: 1e-4,
      orthogonalLr: 2e-4,
      warmup: 5,
    });
    expect(config).toMatchObject({
      flow: { density: "gaussian" },
      training: { steps: 1875, seed: 1, learningRate: 1e-4, orthogonalRate: 2e-4, warmup: 5, clip: 500 },
    });
  });

  it("trains a network without a recipe for one epoch with the rates that suit it", async () => {
    const { learningRate, orthogonalRate } = ratesOf("mnist/fconv1");
    const config = await plan({ network: "fconv1", limit: 12_800 });
    expect(config).toMatchObject({
      network: "mnist/fconv1",
      recipe: null,
      training: { steps: 200, seed: 0, learningRate, orthogonalRate, warmup: 20 },
    });
  });

  it("steps no further than 1e-3 with Gaussian densities, unless told to", async () => {
    const config = await plan({ network: "fmlp", density: "gaussian", limit: 1280 });
    expect(config).toMatchObject({
      flow: { density: "gaussian" },
      training: { learningRate: 1e-3, orthogonalRate: 1e-3 },
    });
    const told = await plan({ network: "fmlp", density: "gaussian", limit: 1280, lr: 2e-3 });
    expect(told).toMatchObject({ training: { learningRate: 2e-3, orthogonalRate: 2e-3 } });
    expect(ratesOf("mnist/fmlp").learningRate).toBeGreaterThan(1e-3);
  });

  it("takes a network of one's own with a recipe's rates", async () => {
    const config = await plan({ recipe: "mnist/fconv2", network, data, batch: 32, epochs: 1 });
    expect(config).toMatchObject({
      network: "small",
      data: { name: data },
      training: { steps: 8, learningRate: ratesOf("mnist/fconv2").learningRate },
    });
  });

  it("holds the last training images out", async () => {
    const held = await planTraining({ network, data, batch: 32, validation: 56, limit: 100 });
    expect([held.data.count, held.validation?.count, held.test?.count]).toEqual([100, 56, 40]);
    const all = await planTraining({ network, data, batch: 32 });
    expect(held.validation && examplesOf(held.validation)).toEqual(examplesOf(all.data).subarray(200 * 64));
    await expect(planTraining({ network, data, validation: 256 })).rejects.toThrow(
      "--validation 256 leaves nothing to train on: images has 256 training images",
    );
  });

  it("knows the data of a network that is named in full", () => {
    expect([dataOf("cifar10/fmlp"), dataOf("small")]).toEqual(["cifar10", undefined]);
  });
});

describe("a run with validation images", () => {
  it("measures the start, some steps and each epoch on them, the end on the test images too, and evaluates either", async () => {
    const run = join(root, "held");
    const args = ["--network", network, "--data", data, "--batch", "64", "--validation", "64"];
    const more = ["--epochs", "2", "--pictures", "last", "--quiet", "--json", "--out", run];
    const { status, stdout } = await runCommand(["train", ...args, ...more]);
    expect(status).toBe(0);
    const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trimEnd().split("\n");
    const measured = lines
      .map((line) => JSON.parse(line) as { step: number; split?: string })
      .filter(({ split }) => split !== undefined);
    expect(measured.map(({ step, split }) => [step, split])).toEqual([
      ...Array.from({ length: 7 }, (_, step) => [step, "validation"]),
      [6, "test"],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      split: "test",
      examples: 40,
      validation: { split: "validation", examples: 64 },
      train: { split: "train", examples: 192 },
    });
    const evaluate = (split: string) => runCommand(["evaluate", run, "--split", split, "--json"]);
    expect(JSON.parse((await evaluate("validation")).stdout)).toMatchObject({
      split: "validation",
      examples: 64,
    });
    expect(JSON.parse((await evaluate("train")).stdout)).toMatchObject({ split: "train", examples: 192 });
  });

  it("compiles what it measures with once, however often it measures", async () => {
    const created = vi.spyOn((await loadRuntime()).InferenceSession, "create");
    const dense = writeSmallData(join(root, "dense"));
    const args = ["--network", dense.network, "--data", dense.data, "--batch", "64", "--validation", "64"];
    const sessionsOf = async (steps: number): Promise<number> => {
      created.mockClear();
      const more = [
        "--steps",
        String(steps),
        "--pictures",
        "none",
        "--quiet",
        "--out",
        join(root, `${steps}`),
      ];
      expect(await runCommand(["train", ...args, ...more])).toMatchObject({ status: 0 });
      return created.mock.calls.length;
    };
    const few = await sessionsOf(2);
    expect(few).toBeGreaterThan(0);
    // one more where the best state is not the last one
    expect((await sessionsOf(8)) - few).toBeLessThan(2);
    created.mockRestore();
  });

  it("has no validation images where none were held out", async () => {
    const run = join(root, "none");
    const args = [
      "--network",
      network,
      "--data",
      data,
      "--batch",
      "64",
      "--steps",
      "1",
      "--pictures",
      "none",
    ];
    await runCommand(["train", ...args, "--quiet", "--out", run]);
    const { status, stderr } = await runCommand(["evaluate", run, "--split", "validation"]);
    expect(status).toBe(2);
    expect(stderr).toContain("error[USAGE]: --split validation: the run held out no images of images");
  });
});
