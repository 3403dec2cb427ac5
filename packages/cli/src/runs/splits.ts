import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus, homedir } from "node:os";
import { dirname, join } from "node:path";
import { availableCores } from "@flowify/onnx";
import * as v from "valibot";
import { writeFileAtomic } from "../files/atomic.js";
import type { ChosenNetwork } from "../networks/weights.js";

/** How the cores compute a step: in so many parts of the batch at a time, with so many threads in all. */
export type Split = Readonly<{ workers: number; threads: number }>;

/** Splits of so many cores that are worth a try: all of them, half of them, one; as one worker, two, four, … */
export function splitsOf(cores: number): Split[] {
  const totals = [...new Set([cores, Math.ceil(cores / 2), 1])];
  return totals.flatMap((threads) =>
    Array.from({ length: Math.floor(Math.log2(threads)) + 1 }, (_, k) => ({ workers: 2 ** k, threads })),
  );
}

/** Where the best splits are remembered. */
export const splitsFile = (): string => join(homedir(), ".cache", "flowify", "splits.json");

const splitSchema = v.object({
  workers: v.pipe(v.number(), v.integer(), v.minValue(1)),
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
});
const fileSchema = v.record(v.string(), splitSchema);

/** The network, the batch, and the cores that this process may use. */
const keyOf = ({ name, description }: ChosenNetwork, batch: number): string =>
  createHash("sha256")
    .update(JSON.stringify([description ?? name, batch, cpus()[0]?.model, availableCores()]))
    .digest("hex");

function readSplits(): v.InferOutput<typeof fileSchema> {
  try {
    return v.parse(fileSchema, JSON.parse(readFileSync(splitsFile(), "utf8")));
  } catch {
    return {}; // none yet, or a damaged one: both are measured again
  }
}

/** The best split for a network and a batch, where it has been measured on these cores. */
export const rememberedSplit = (network: ChosenNetwork, batch: number): Split | undefined =>
  readSplits()[keyOf(network, batch)];

export async function rememberSplit(network: ChosenNetwork, batch: number, split: Split): Promise<void> {
  await mkdir(dirname(splitsFile()), { recursive: true });
  await writeFileAtomic(
    splitsFile(),
    `${JSON.stringify({ ...readSplits(), [keyOf(network, batch)]: split }, undefined, 2)}\n`,
  );
}
