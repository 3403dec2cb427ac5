import type { Executor, TrainingState } from "@flowify/core";
import { trainingDefaults } from "@flowify/core/internal";
import { sizeOf } from "@flowify/core/layer";
import { type ImageRunConfig, sha256, trainerOptions, usualTraining } from "flowify/format";
import { type Kept, startTraining, type Training, type Viewer } from "../worker/training.js";
import { flowOf, type OpenRun } from "./open-run.js";

/** Images of a run: bytes [n, C, H, W]. Held-out images decide which state is kept, and are measured. */
export type RunImages = Readonly<{
  name: string;
  shape: ImageRunConfig["data"]["shape"];
  train: Uint8Array;
  heldOut: Uint8Array;
}>;

export type Progress = Readonly<{ stage: string; done: number; of: number }>;

/** A run, perhaps before its initialization. */
export type RunStart = Omit<OpenRun, "state"> & Readonly<{ state?: TrainingState }>;

/** A run in training. */
export type RunSession<V> = Readonly<{ run: RunStart; training: Training<V> }>;

type SessionOptions<V> = Readonly<{
  executor: Executor;
  images: RunImages;
  viewer?: Viewer<V>;
  /** The best state before that of the run. */
  best?: Kept["best"];
}>;

/** Network and schedule of a new run. */
export type NewRun = Pick<ImageRunConfig, "network" | "description" | "flow"> &
  Pick<ImageRunConfig["training"], "batchSize" | "steps" | "seed" | "learningRate">;

/** Examples for the initialization. */
export const INIT = 1024;

/** A new run on these images. */
export async function newRun(
  { steps, batchSize, seed, learningRate, ...chosen }: NewRun,
  images: RunImages,
): Promise<RunStart> {
  const config: ImageRunConfig = {
    format: "flowify-run",
    version: 3,
    ...chosen,
    recipe: null,
    data: await dataOf(images),
    device: "jax",
    training: {
      ...usualTraining,
      steps,
      batchSize,
      seed,
      learningRate,
      orthogonalRate: learningRate,
      warmup: trainingDefaults.warmup(steps),
      initExamples: INIT,
    },
    checkpointEvery: steps,
    evaluateEvery: 1,
    pictures: "each",
  };
  return { config, flow: flowOf(config), metrics: [], skipped: [] };
}

/** The training images as the configuration of a run describes them. */
async function dataOf({ name, shape, train }: RunImages): Promise<ImageRunConfig["data"]> {
  const examples = train.length / sizeOf(shape);
  return { name, dir: null, examples, validation: 0, shape, hash: await sha256(train) };
}

/** The run on these images, with a schedule of so many steps in all. */
export async function continued(
  run: RunStart,
  images: RunImages,
  { steps, learningRate }: { steps: number; learningRate: number },
): Promise<RunStart> {
  const { config } = run;
  const data = await dataOf(images);
  const training = {
    ...config.training,
    steps,
    batchSize: Math.min(config.training.batchSize, data.examples),
    learningRate,
    orthogonalRate: learningRate,
  };
  return {
    ...run,
    config: {
      ...config,
      training,
      data: data.hash === config.data.hash ? config.data : data,
    },
  };
}

/** Places a run on the device, ready to train. */
export async function startRun<V>(
  run: RunStart,
  { executor, images, viewer, best }: SessionOptions<V>,
): Promise<RunSession<V>> {
  const { flow, config, state } = run;
  const training = await startTraining<V>({
    flow,
    executor,
    data: { examples: images.train, count: images.train.length / sizeOf(images.shape) },
    ...trainerOptions(config),
    ...(state && { kept: { state, best } }),
    heldOut: images.heldOut,
    viewer,
  });
  return { run, training };
}

/** The run with its best state so far. */
export async function bestOf<V>({ run, training }: RunSession<V>): Promise<OpenRun> {
  const { config } = run;
  const { state, reports } = await training.best();
  const lines = reports.map(({ step, loss, bpd, gradNorm, lr }) => ({
    step,
    epoch: Math.floor(((step - 1) * config.training.batchSize) / config.data.examples) + 1,
    loss,
    bpd,
    gradNorm,
    lr,
  }));
  const device = training.device === "WebGPU" ? "webgpu" : "jax";
  return {
    ...run,
    config: { ...config, device },
    state,
    metrics: [...run.metrics, ...lines].filter(({ step }) => step <= state.step),
  };
}
