import { createTrainer, type Executor, trainingDefaults } from "@flowify/core";
import { type ImageRunConfig, type RunConfig, sha256 } from "flowify/format";
import { breathe } from "../worker/breathe.js";
import { flowOf, type OpenRun } from "./open-run.js";

/** Images to train on and to measure with: bytes [n, C, H, W]. */
export type RunImages = Readonly<{
  name: string;
  shape: ImageRunConfig["data"]["shape"];
  train: Uint8Array;
  measure: Uint8Array;
}>;

export type Progress = Readonly<{ stage: string; done: number; of: number; bpd?: number }>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Which images a run is trained on, as its configuration says it. */
async function dataOf(
  images: RunImages,
  shape: ImageRunConfig["data"]["shape"],
): Promise<ImageRunConfig["data"]> {
  const items = images.train.length / sizeOf(shape);
  return { name: images.name, dir: null, items, validation: 0, shape, hash: await sha256(images.train) };
}

const trainingOf = ({ training, batch, seed }: RunConfig, count: number) => ({
  ...training,
  clip: training.clip ?? Number.POSITIVE_INFINITY,
  batchSize: Math.min(batch, count),
  seed,
});

/**
 * A run that has gone some steps further, on these images; the schedule of the step size ends there, or where it
 * ended before. The state of the run that is given stays as it is.
 *
 * @throws NotFiniteError where the network diverges
 */
export async function trainFurther(
  run: OpenRun,
  executor: Executor,
  images: RunImages,
  steps: number,
  tell: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<OpenRun> {
  const { shape } = run.config.data;
  const data = await dataOf(images, shape);
  const until = run.state.step + steps;
  const config: ImageRunConfig = {
    ...run.config,
    data: data.hash === run.config.data.hash ? run.config.data : data,
    steps: Math.max(run.config.steps, until),
    batch: Math.min(run.config.batch, data.items),
    device: executor.name as RunConfig["device"],
  };
  const items = { items: images.train, count: data.items };
  const options = {
    flow: run.flow,
    executor,
    data: items,
    steps: config.steps,
    ...trainingOf(config, data.items),
  };
  const trainer = await createTrainer({ ...options, state: run.state });
  const metrics = [...run.metrics];
  try {
    while (trainer.taken < until && !signal.aborted) {
      const { loss, bpd, gradNorm, lr } = await trainer.step();
      const step = trainer.taken;
      const epoch = Math.floor(((step - 1) * config.batch) / data.items) + 1;
      metrics.push({ step, epoch, loss, bpd, gradNorm, lr });
      tell({ stage: `step ${step}`, done: step - run.state.step, of: steps, bpd });
      await breathe();
    }
    return { ...run, config, state: await trainer.state(), metrics };
  } finally {
    await trainer.dispose();
  }
}

/** What a new run is of. */
export type NewRun = Pick<
  RunConfig,
  "network" | "description" | "given" | "flow" | "batch" | "steps" | "seed"
> &
  Pick<OpenRun, "weights" | "original">;

/** A new run at its start values from the images. */
export async function beginRun(
  { weights, original, ...chosen }: NewRun,
  executor: Executor,
  images: RunImages,
  tell: (progress: Progress) => void,
): Promise<OpenRun> {
  const data = await dataOf(images, images.shape);
  const config: ImageRunConfig = {
    format: "flowify-run",
    version: 1,
    ...chosen,
    recipe: null,
    data,
    device: executor.name as RunConfig["device"],
    training: {
      learningRate: trainingDefaults.learningRate,
      orthogonalRate: trainingDefaults.learningRate,
      warmup: Math.ceil(chosen.steps / 10),
      clip: trainingDefaults.clip,
      ema: trainingDefaults.ema,
      start: "data",
      startItems: trainingDefaults.startItems,
      augment: trainingDefaults.augment,
    },
    checkpointEvery: chosen.steps,
    evaluateEvery: 1,
    pictures: "each",
  };
  const flow = flowOf(config, weights);
  const trainer = await createTrainer({
    flow,
    executor,
    data: { items: images.train, count: data.items },
    steps: config.steps,
    ...trainingOf(config, data.items),
    onStart: (layer, done) => tell({ stage: `start values: ${layer}`, done, of: flow.chain.layers.length }),
  });
  try {
    const state = await trainer.state();
    return {
      config,
      flow,
      state,
      metrics: [],
      skipped: [],
      ...(weights && { weights }),
      ...(original && { original }),
    };
  } finally {
    await trainer.dispose();
  }
}
