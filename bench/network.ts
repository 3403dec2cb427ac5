import { createTrainer, DataError, type Executor, flowify, type TrainOptions, zoo } from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { loadDataSet, openExecutor } from "flowify";
import { ortCpu } from "jax-to-onnx";
import { machine, matrixProduct, median } from "./matrix-product.js";
import { say } from "./processes.js";

/** One line of the bench. Times are medians in milliseconds. */
export type BenchResult = Awaited<ReturnType<typeof benchNetwork>>;

const WARM_UP = 5;
/** Number of random images if the data set is missing. */
const DRAWN = 1024;

export type BenchOptions = Readonly<{
  steps: number;
  device?: string;
  threads?: number | undefined;
  dataDir?: string | undefined;
  batch?: number | undefined;
  parts?: TrainOptions["parts"];
  /** Passes of the lowering that are left out. */
  without?: readonly string[] | undefined;
}>;

/** The native executor of a bench. */
export const benchExecutor = ({
  threads,
  without = [],
}: Pick<BenchOptions, "threads" | "without">): Promise<Executor> =>
  nativeExecutor({
    ...(threads !== undefined && { threads }),
    target: { ...ortCpu, without: new Set(without) },
  });

/** Images of the data set of a network; random numbers if it is missing. */
async function imagesFor(network: string, size: number, dataDir?: string): Promise<TrainOptions["data"]> {
  const name = network.slice(0, network.indexOf("/"));
  try {
    const dir = name === "cifar10" ? dataDir : undefined;
    const { images, count } = await loadDataSet({ name, dir }, "train");
    return { examples: images, count };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    say(`${name} is not present: steps are timed on random images`);
    const rng = makeRng(1);
    return { examples: Uint8Array.from({ length: DRAWN * size }, () => 256 * rng.uniform()), count: DRAWN };
  }
}

/**
 * Times training steps on real data, with a product of g in ONNX Runtime after each, for any device. The initialization is
 * random: that by data takes minutes for the largest networks, and a step takes the same time with either.
 */
export async function benchNetwork(
  name: string,
  { steps, device = "native", threads, dataDir, batch = 128, parts, without }: BenchOptions,
) {
  const native = await benchExecutor({ threads, without });
  const executor =
    device === "native"
      ? native
      : await openExecutor(device as Parameters<typeof openExecutor>[0], { warn: say });
  const flow = flowify(zoo(name));
  const trainer = await createTrainer({
    flow,
    executor,
    data: await imagesFor(name, sizeOf(flow.inShape), dataDir),
    steps: WARM_UP + steps,
    batchSize: batch,
    ...(parts !== undefined && { parts }),
    seed: 7,
    init: "random",
  });
  const g = await matrixProduct(native);
  const times: { step: number; g: number }[] = [];
  async function step(_: unknown, milliseconds: number): Promise<void> {
    times.push({ step: milliseconds, g: await g.time() });
  }
  await runSteps({ trainer, until: WARM_UP + steps, hooks: [{ step }] });
  const counted = times.slice(WARM_UP);
  const [stepMs, gMs] = [median(counted.map((each) => each.step)), median(counted.map((each) => each.g))];
  const inG = counted.map((each) => each.step / each.g).sort((a, b) => a - b);
  const quartile = (q: number): number => inG[Math.floor(q * (inG.length - 1))] ?? Number.NaN;
  const flops = trainer.flops ?? 0;
  const result = {
    network: name,
    params: trainer.parameters,
    /** In how many parts a batch is computed. */
    parts: trainer.parts,
    /** Counted operations of a step's products and convolutions; 0 if the device does not count them. */
    flops,
    stepMs,
    gMs,
    stepPerG: stepMs / gMs,
    /** Half the range of the middle half of the steps, each in g, as a share of the median. */
    spread: (quartile(0.75) - quartile(0.25)) / 2 / quartile(0.5),
    /** Counted floor (flops at the rate of g) as a share of the step. */
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
