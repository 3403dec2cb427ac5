import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime, loadWasmRuntime, type Runtime } from "@flowify/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { noise, writeIdxFolder } from "./data/idx-files.js";
import { dense, writeOnnx } from "./onnx-files.js";
import { runCommand } from "./run-command.js";
import { temporaryFolder } from "./temporary-folder.js";

const root = temporaryFolder();

/** Waves of any phase and height, with a little noise. */
function waves(count: number, side: number): Uint8Array {
  const [rng, size] = [makeRng(side, count), side * side];
  return Uint8Array.from(
    Array.from({ length: count }).flatMap(() => {
      const [phase, height] = [7 * rng.uniform(), 30 + 80 * rng.uniform()];
      return Array.from(
        { length: size },
        (_, i) => 128 + height * Math.sin(phase + 0.9 * i) + 3 * rng.normal(),
      );
    }),
  );
}

const data = writeIdxFolder(join(root, "images"), { train: 900, test: 500, side: 4, images: waves });
const test = waves(500, 4);
const others = writeIdxFolder(join(root, "others"), { train: 1, test: 200, side: 4, images: noise });

const guard = (file: string, ...flags: string[]) =>
  runCommand([
    "guard",
    file,
    "--data",
    data,
    "--out",
    file.replace(".onnx", ".guarded.onnx"),
    "--steps",
    "20",
    "--false-alarms",
    "0.05",
    ...flags,
  ]);

async function run({ InferenceSession, Tensor }: Runtime, file: string, pixels: Float32Array) {
  const session = await InferenceSession.create(readFileSync(file), { logSeverityLevel: 3 });
  const results = await session.run({ x: new Tensor("float32", pixels, [pixels.length / 16, 1, 4, 4]) });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data: found }]) => [name, found as Float32Array]),
  );
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, each) => sum + each, 0) / values.length;

describe("flowify guard", () => {
  const file = writeOnnx(root, "classifier", dense);
  const guarded = file.replace(".onnx", ".guarded.onnx");
  const usual = Float32Array.from(test, (pixel) => pixel / 255);
  const unusual = Float32Array.from(noise(500, 4), (pixel) => pixel / 255);
  const picture = join(root, "guard.png");
  let written: Awaited<ReturnType<typeof guard>>;
  beforeAll(async () => {
    written = await guard(file, "--json", "--report", others, "--picture", picture);
  });

  it("says what it looks at, and why", () => {
    expect(written.status).toBe(0);
    const document = JSON.parse(written.stdout);
    expect(document).toMatchObject({
      format: "flowify-guard",
      falseAlarms: 0.05,
      fitted: { examples: 600 },
      calibrated: { examples: 300, classes: 1 },
      outputs: ["log_prob", "p_value", "flag"],
    });
    // each takes about a microsecond of a call
    expect(document.nodes).toBeLessThan(240);
    const best = Math.max(...document.trials.map(({ mean }: { mean: number }) => mean));
    const chosen = document.trials.find(({ features }: { features: string }) => features === document.chosen);
    expect(chosen.mean).toBe(best);
    expect(chosen.features).toContain(document.at.join(" + "));
    expect(Object.keys(chosen.aurocs)).toEqual([
      "noise",
      "blur",
      "low contrast",
      "shuffled patches",
      "swapped halves",
      "mixture of two",
    ]);
  });

  it("measures itself beside baselines on what is named", () => {
    const { usual: own, falseAlarms, sets } = JSON.parse(written.stdout).report;
    expect(own).toEqual({ name: "images", examples: 500 });
    for (const { found, interval } of falseAlarms) {
      expect(found).toBeGreaterThanOrEqual(interval[0]);
      expect(found).toBeLessThanOrEqual(interval[1]);
    }
    const scores = ["guard", "max softmax", "energy", "Mahalanobis", "5th neighbour"];
    expect(Object.keys(sets.others)).toEqual(scores);
    const { guard: told, ...baselines } = sets.others as Record<string, { auroc: number; fpr95: number }>;
    expect(told!.auroc).toBeGreaterThan(0.9);
    expect(told!.fpr95).toBeLessThan(0.3);
    // noise has activations of its own, and hardly other classes
    expect(baselines.Mahalanobis!.auroc).toBeGreaterThan(0.6);
    expect(baselines["5th neighbour"]!.auroc).toBeGreaterThan(0.6);
  });

  it("draws log_prob of what it was measured on", () => {
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe("PNG");
  });

  it.each([
    ["native", loadRuntime],
    ["Wasm", loadWasmRuntime],
  ])("keeps the bits of the given outputs, and its p, on %s", async (_, load) => {
    const runtime = await load();
    const [wanted, found] = [await run(runtime, file, usual), await run(runtime, guarded, usual)];
    expect(found.logits).toEqual(wanted.logits);
    expect(Object.keys(found)).toEqual(["logits", "log_prob", "p_value", "flag"]);
    const native = await run(await loadRuntime(), guarded, usual);
    found.p_value!.forEach((p, i) => {
      expect(Math.abs(p - native.p_value![i]!)).toBeLessThan(1e-4);
    });
  });

  it("flags a share of usual inputs as stated, and unusual ones", async () => {
    const { p_value: p, flag, log_prob: logProb } = await run(await loadRuntime(), guarded, usual);
    const share = mean(flag!);
    // 0.05 ± 2.6 standard deviations, of 500 inputs and of 300 held-out examples
    expect(share).toBeGreaterThan(0.008);
    expect(share).toBeLessThan(0.092);
    expect(Math.abs(p!.filter((each) => each <= 0.5).length / p!.length - 0.5)).toBeLessThan(0.1);
    const odd = await run(await loadRuntime(), guarded, unusual);
    // the detector was trained for 20 steps
    expect(mean(odd.flag!)).toBeGreaterThan(0.8);
    expect(mean(odd.log_prob!)).toBeLessThan(mean(logProb!) - 5);
  });
});
