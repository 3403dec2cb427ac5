import { nativeExecutor } from "@flowify/onnx";
import { openExecutor } from "flowify";
import { machine, matrixProduct } from "./matrix-product.js";
import { benchTrainer, type TrainerOptions, timedSteps } from "./training.js";

/** One line of the bench. Times are medians in milliseconds. */
export type BenchResult = {
  network: string;
  params: number;
  /** In how many parts a batch is computed. */
  parts: number;
  /** Counted operations of a step's products and convolutions; 0 if the device does not count them. */
  flops: number;
  stepMs: number;
  gMs: number;
  stepPerG: number;
  /** Counted floor (flops at the rate of g) as a share of the step. */
  fraction: number;
  traceMs: number;
  compileMs: number;
  peakRssMb: number;
  executor: string;
  machine: string;
};

const WARM_UP = 5;

export type BenchOptions = TrainerOptions &
  Readonly<{ steps: number; device?: Parameters<typeof openExecutor>[0]; threads?: number | undefined }>;

/** Times training steps on real data, with a product of g in ONNX Runtime after each, for any device. */
export async function benchNetwork(
  name: string,
  { steps, device = "native", threads, ...training }: BenchOptions,
): Promise<BenchResult> {
  const native = await nativeExecutor(threads === undefined ? {} : { threads });
  const warn = (line: string): void => void process.stderr.write(`${line}\n`);
  const executor = device === "native" ? native : await openExecutor(device, { warn });
  const trainer = await benchTrainer(name, executor, WARM_UP + steps, training);
  const g = await matrixProduct(native);
  const { stepMs, gMs } = await timedSteps(trainer, g, { warmUp: WARM_UP, steps });
  const flops = trainer.flops ?? 0;
  const result: BenchResult = {
    network: name,
    params: trainer.parameters,
    parts: trainer.parts,
    flops,
    stepMs,
    gMs,
    stepPerG: stepMs / gMs,
    fraction: ((flops / g.flops) * gMs) / stepMs,
    traceMs: trainer.timings.traceMs,
    compileMs: trainer.timings.compileMs,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    executor: executor.name,
    machine: machine(),
  };
  await g.dispose();
  await trainer.dispose();
  await executor.dispose();
  if (executor !== native) await native.dispose();
  return result;
}
