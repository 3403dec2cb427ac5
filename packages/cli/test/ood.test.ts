import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { withModel } from "../src/runs/open-run.js";
import { ledgerJudge } from "../src/scores/ledger-distance.js";
import { silentTerminal } from "../src/ui/terminal.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { expectRefusal } from "./refusal.js";
import { runCommand } from "./run-command.js";
import { writeSmallData } from "./small-run.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();
const { data, network } = writeSmallData(root);
const run = join(root, "run");
/** Images of one value: nothing like the noise that the run was trained on. */
const flat = writeIdxFolder(join(root, "flat"), {
  train: 8,
  test: 30,
  side: 8,
  images: (n) => new Uint8Array(n * 64).fill(128),
});

beforeAll(async () => {
  const flags = ["--steps", "20", "--batch", "32", "--pictures", "none", "--quiet"];
  await runCommand(["train", "--data", data, "--network", network, "--out", run, ...flags]);
});

type Area = { logProb: number; typicality: number; ledger: number };
type Document = {
  own: { examples: number; bpd: number };
  typical: { examples: number; bpd: number };
  others: { dataset: string; examples: number; bpd: number; auroc: Area }[];
  file: string;
};

type Judged = { image: string; p_value: number; flag: number };

describe("flowify score --false-alarms", () => {
  const judged = async (...args: string[]): Promise<Judged[]> => {
    const { status, stdout } = await runCommand(["score", run, ...args, "--quiet", "--format", "jsonl"]);
    expect(status).toBe(0);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Judged);
  };

  it("flags images of an unusual ledger, though they are likelier, and few of the run's own", async () => {
    const strange = await judged("--data", flat, "--false-alarms", "0.05");
    expect(strange).toHaveLength(30);
    // 40 test images: no p-value is below 1/41
    for (const { p_value, flag } of strange) expect([p_value, flag]).toEqual([expect.closeTo(1 / 41), 1]);
    const own = await judged("--false-alarms", "0.05");
    expect(own.map(({ flag }) => flag).reduce((a, b) => a + b, 0)).toBeLessThan(4);
    expect(Math.max(...own.map(({ p_value }) => p_value))).toBeGreaterThan(0.9);
  });

  it("warns where test images are too few, and is not for a split", async () => {
    const { stderr } = await runCommand(["score", run, "--data", flat, "--false-alarms", "0.01"]);
    expect(stderr).toContain("nothing can be flagged at false alarms of 0.01: 40 held-out examples");
    const split = ["--split", "test", "--false-alarms", "0.1"];
    await expectRefusal(["score", run, ...split], 2, "--false-alarms and --split exclude each other");
  });
});

it("flowify export --false-alarms writes the same judgement into the graph of log p", async () => {
  const out = join(root, "exported");
  const flags = ["--false-alarms", "0.05", "--json"];
  const { status, stdout } = await runCommand(["export", run, "--out", out, ...flags]);
  expect(status).toBe(0);
  type Input = { name: string; shape: number[]; role: string; distribution?: string };
  const [{ name, inputs, outputs }] = JSON.parse(stdout).programs;
  expect(name).toBe("log-prob");
  expect(outputs.map((each: Input) => each.name)).toEqual([
    "log_prob",
    "ledger",
    "distance",
    "p_value",
    "flag",
  ]);
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(readFileSync(join(out, "log-prob.onnx")));
  const rng = makeRng(5);
  // 60 images like those of the run, 10 of one value; and one alone
  for (const count of [70, 1]) {
    const pixels = new Float32Array(count * 64).fill(128);
    if (count > 60) pixels.set(noise(60, 8));
    const feeds = (inputs as Input[]).map(({ name: input, role, shape, distribution }) => {
      const values = new Float32Array(count * shape.slice(1).reduce((a, b) => a * b, 1));
      if (distribution === "uniform") rng.fillUniform(values);
      else rng.fillNormal(values);
      return [
        input,
        new Tensor("float32", role === "examples" ? pixels : values, [count, ...shape.slice(1)]),
      ];
    });
    const { ledger, p_value, flag } = await session.run(Object.fromEntries(feeds));
    const verdicts = await withModel(run, {}, silentTerminal({}), async (model, saved) => {
      const judge = await ledgerJudge(
        model,
        saved,
        { samples: 1, seed: 0, falseAlarms: 0.05 },
        silentTerminal({}),
      );
      return judge([], ledger!.data as Float32Array);
    });
    expect(verdicts).toHaveLength(count);
    for (const [i, [p, flagged]] of verdicts.entries()) {
      expect(p_value!.data[i]).toBeCloseTo(p, 6);
      expect(flag!.data[i]).toBe(flagged);
    }
    const flags = Array.from(flag!.data as Int32Array);
    expect(flags.slice(60)).toEqual(flags.slice(60).map(() => 1));
    expect(flags.slice(0, 60).filter((each) => each === 1).length).toBeLessThan(15);
  }
  await session.release();
});

it("flowify explain names the layer that finds a flat image likelier than others", async () => {
  const picture = join(root, "flat.png");
  await sharp(Buffer.alloc(64, 128), { raw: { width: 8, height: 8, channels: 1 } }).toFile(picture);
  const { stdout } = await runCommand(["explain", run, picture]);
  expect(stdout).toMatch(/finds it likelier than the others, by \d+\.\d standard deviations/);
  expect((await runCommand(["explain", run, picture, "--json"])).stdout).not.toContain("likelier");
});

describe("flowify ood", () => {
  it("tells other images from a run's own, and images like its own not", async () => {
    const { status, stdout } = await runCommand(["ood", run, flat, data, "--json"]);
    expect(status).toBe(0);
    const { own, typical, others, file } = JSON.parse(stdout) as Document;
    expect([own.examples, typical.examples, ...others.map(({ examples }) => examples)]).toEqual([
      40, 256, 30, 40,
    ]);
    const [strange, same] = others as [Document["others"][0], Document["others"][0]];
    // flat images are likelier than noise: the likelihood fails, the typicality does not
    expect(strange.bpd).toBeLessThan(own.bpd);
    expect(strange.auroc.logProb).toBeLessThan(0.05);
    expect(strange.auroc.typicality).toBeGreaterThan(0.95);
    expect(strange.auroc.ledger).toBeGreaterThan(0.95);
    expect(same.auroc).toEqual({ logProb: 0.5, typicality: 0.5, ledger: 0.5 });
    expect(file).toBe(join(run, "ood.png"));
    expect(existsSync(file)).toBe(true);
  });

  it("prints a table, of the first images where told so", async () => {
    const out = join(root, "chart.png");
    const { stdout } = await runCommand(["ood", run, flat, "--limit", "10", "--out", out, "--quiet"]);
    expect(stdout).toMatch(/^10 train images of/m);
    expect(stdout).toMatch(/^10 test images of flat +\d\.\d+ ± 0\.\d+ +0\.\d{4}(?: +[01]\.\d{4}){2}$/m);
    expect(existsSync(out)).toBe(true);
  });

  it("refuses what cannot be compared", async () => {
    await expectRefusal(["ood", run], 2, "DIR DATA");
    const wide = writeIdxFolder(join(root, "wide"), { train: 4, test: 4, side: 9 });
    await expectRefusal(["ood", run, wide], 2, "takes images [1, 8, 8]");
    await expectRefusal(["ood", run, "fashon-mnist"], 2, 'did you mean "fashion-mnist"');
  });
});
