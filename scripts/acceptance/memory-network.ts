/**
 * Trains a small flow on a device and prints its resident size after 100 steps and after the last, in
 * bytes.
 *
 *     node --conditions=@flowify/source --expose-gc --import tsx scripts/acceptance/memory-network.ts DEVICE STEPS
 */
import { createTrainer, flowify, makeRng } from "@flowify/core";
import { openExecutor } from "flowify";

const [device = "", count = ""] = process.argv.slice(2);
const steps = Number(count);
const EARLY = 100;

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
const items = Float32Array.from({ length: 512 * 64 }, () => Math.floor(256 * rng.uniform()));

const trainer = await createTrainer({ flow, executor, data: { items, count: 512 }, steps, batchSize: 64 });
const sizes: number[] = [];
while (trainer.taken < steps) {
  await trainer.step();
  if (trainer.taken !== EARLY && trainer.taken !== steps) continue;
  globalThis.gc?.();
  sizes.push(process.memoryUsage.rss());
}
await trainer.dispose();
process.stdout.write(JSON.stringify({ early: sizes[0], late: sizes.at(-1) }));
