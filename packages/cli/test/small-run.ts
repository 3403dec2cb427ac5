import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MetricsRecord, withoutTimes } from "../src/runs/metrics.js";
import { noise, writeIdxFolder } from "./data/idx-files.js";

/** Networks for the small images. Compiling the convolution takes several times as long as the others. */
const networks = {
  dense: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 6 }, { kind: "rqSpline" }],
  convolution: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 3, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "flatten" },
    { kind: "linear", out: 6 },
  ],
};

/** Images of 8 × 8 and a network for them that trains in milliseconds; for "recipe", images for the network of a recipe. */
export function writeSmallData(
  folder: string,
  kind: keyof typeof networks | "recipe" = "dense",
): { data: string; network: string } {
  const side = kind === "recipe" ? 28 : 8;
  const data = writeIdxFolder(join(folder, "images"), { train: 256, test: 40, side, images: noise });
  if (kind === "recipe") return { data, network: "mnist/fmlp" };
  const network = join(folder, "small.json");
  writeFileSync(network, JSON.stringify({ inShape: [1, side, side], layers: networks[kind] }));
  return { data, network };
}

/** The lines of a run's metrics without the fields that depend on the clock. */
export const metricsOf = (folder: string): MetricsRecord[] =>
  readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => withoutTimes(JSON.parse(line) as MetricsRecord));

export const lastCheckpoint = (folder: string, step: number): Buffer =>
  readFileSync(join(folder, "checkpoints", `step-${String(step).padStart(9, "0")}.safetensors`));

/** Whole lines of a run's metrics, while it goes on. */
export const linesOf = (folder: string): number => {
  try {
    return readFileSync(join(folder, "metrics.jsonl"), "utf8").split("\n").length - 1;
  } catch {
    return 0;
  }
};
