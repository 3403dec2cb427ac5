import {
  createTrainer,
  DataError,
  type Executor,
  flowify,
  type Trainer,
  type TrainOptions,
  zoo,
} from "@flowify/core";
import { runSteps } from "@flowify/core/internal";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { loadDataSet } from "flowify";
import { type matrixProduct, median } from "./matrix-product.js";

/** Examples per timed step, unless named. */
const BATCH = 128;
/** Number of random images if the data set is missing. */
const DRAWN = 1024;

type Images = { images: Float32Array | Uint8Array; count: number };

/** Images of the data set of a network; random numbers if it is missing. */
export async function imagesFor(network: string, size: number, dataDir?: string): Promise<Images> {
  const name = network.slice(0, network.indexOf("/"));
  try {
    return await loadDataSet({ name, dir: name === "cifar10" ? dataDir : undefined }, "train");
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    process.stderr.write(`${name} is not present: steps are timed on random images\n`);
    const rng = makeRng(1);
    return { images: Uint8Array.from({ length: DRAWN * size }, () => 256 * rng.uniform()), count: DRAWN };
  }
}

export type TrainerOptions = Readonly<{
  dataDir?: string | undefined;
  batch?: number | undefined;
  parts?: TrainOptions["parts"];
}>;

/**
 * A network of the paper, ready to take `steps` steps. It uses a random initialization: data-dependent initialization
 * takes minutes for the largest networks, and a step takes the same time with either.
 */
export async function benchTrainer(
  network: string,
  executor: Executor,
  steps: number,
  { dataDir, batch = BATCH, parts }: TrainerOptions = {},
): Promise<Trainer> {
  const flow = flowify(zoo(network));
  const size = sizeOf(flow.inShape);
  const { images, count } = await imagesFor(network, size, dataDir);
  return createTrainer({
    flow,
    executor,
    data: { examples: images, count },
    steps,
    batchSize: batch,
    ...(parts !== undefined && { parts }),
    seed: 7,
    init: "random",
  });
}

/** Medians of the milliseconds of steps, and of a product of g after each. */
export async function timedSteps(
  trainer: Trainer,
  g: Pick<Awaited<ReturnType<typeof matrixProduct>>, "time">,
  { warmUp, steps }: Readonly<{ warmUp: number; steps: number }>,
): Promise<{ stepMs: number; gMs: number }> {
  const times: { step: number; g: number }[] = [];
  async function step(_: unknown, milliseconds: number): Promise<void> {
    times.push({ step: milliseconds, g: await g.time() });
  }
  await runSteps({ trainer, until: warmUp + steps, hooks: [{ step }] });
  const counted = times.slice(warmUp);
  return {
    stepMs: median(counted.map((each) => each.step)),
    gMs: median(counted.map((each) => each.g)),
  };
}
