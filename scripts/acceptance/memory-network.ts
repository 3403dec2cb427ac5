/**
 * Trains a small flow on a device and prints its resident size after 100 steps and after the last, in
 * bytes: medians over the steps before, because the garbage collector leaves different amounts from step to step.
 *
 *     node --conditions=@flowify/source --expose-gc --import tsx scripts/acceptance/memory-network.ts DEVICE STEPS
 */
import { createTrainer, flowify } from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { openExecutor } from "flowify";

const [device = "", count = ""] = process.argv.slice(2);
const steps = Number(count);
const EARLY = 100;
const READINGS = 9;

const warn = (line: string): void => void process.stderr.write(`${line}\n`);
const executor = await openExecutor(device as "native" | "wasm" | "jax", { warn });
const flow = flowify({
  inShape: [1, 8, 8],
  layers: [
    { kind: "dequantize" },
    { kind: "flatten" },
    { kind: "linear", out: 32 },
    { kind: "rqSpline" },
    { kind: "linear", out: 8 },
  ],
});
const rng = makeRng(1);
const examples = Float32Array.from({ length: 512 * 64 }, () => Math.floor(256 * rng.uniform()));

const trainer = await createTrainer({ flow, executor, data: { examples, count: 512 }, steps, batchSize: 64 });
/** The median of the resident size over the last steps up to `step`. */
async function sizeAfter(step: number): Promise<number> {
  const sizes: number[] = [];
  await runSteps({
    trainer: () => trainer,
    until: step,
    onStep() {
      if (trainer.taken <= step - READINGS) return;
      globalThis.gc?.();
      sizes.push(process.memoryUsage.rss());
    },
  });
  return sizes.sort((a, b) => a - b)[READINGS >> 1] as number;
}

const [early, late] = [await sizeAfter(EARLY), await sizeAfter(steps)];
await trainer.dispose();
process.stdout.write(JSON.stringify({ early, late }));
