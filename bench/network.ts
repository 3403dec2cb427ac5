import os from "node:os";
import { createTrainer, flowify, zoo } from "@flowify/core";
import { nativeExecutor } from "@flowify/onnx";
import { loadDataSet, ratesOf } from "flowify";
import { matrixProduct, median } from "./matrix-product.js";

/** One line of the bench. Times are medians in milliseconds. */
export type BenchResult = {
  network: string;
  params: number;
  /** Counted operations of a step's products and convolutions. */
  flops: number;
  stepMs: number;
  gMs: number;
  stepPerG: number;
  /** Counted floor (flops at the rate of g) as a part of the step. */
  fraction: number;
  traceMs: number;
  compileMs: number;
  peakRssMb: number;
  executor: string;
  machine: string;
};

const BATCH = 128;
const WARM_UP = 5;

/** Times `steps` training steps on real data, a product of g after each. */
export async function benchNetwork(name: string, steps: number, dataDir?: string): Promise<BenchResult> {
  const executor = await nativeExecutor();
  const dataSet = name.slice(0, name.indexOf("/"));
  const dir = dataSet === "cifar10" ? dataDir : undefined;
  const data = await loadDataSet({ name: dataSet, dir }, "train");
  const trainer = await createTrainer({
    flow: flowify(zoo(name)),
    executor,
    data: { items: data.images, count: data.count },
    steps: WARM_UP + steps,
    batchSize: BATCH,
    seed: 7,
    startItems: ratesOf(name).startItems,
  });
  const g = await matrixProduct(executor);
  const stepTimes: number[] = [];
  const gTimes: number[] = [];
  for (let i = 0; i < WARM_UP + steps; i++) {
    const started = performance.now();
    await trainer.step();
    const stepped = performance.now();
    const product = await g.time();
    if (i < WARM_UP) continue;
    stepTimes.push(stepped - started);
    gTimes.push(product);
  }
  const flops = trainer.flops ?? 0;
  const [stepMs, gMs] = [median(stepTimes), median(gTimes)];
  const result: BenchResult = {
    network: name,
    params: trainer.parameters,
    flops,
    stepMs,
    gMs,
    stepPerG: stepMs / gMs,
    fraction: ((flops / g.flops) * gMs) / stepMs,
    traceMs: trainer.timings.traceMs,
    compileMs: trainer.timings.compileMs,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    executor: executor.name,
    machine: `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}`,
  };
  await g.dispose();
  await trainer.dispose();
  await executor.dispose();
  return result;
}
