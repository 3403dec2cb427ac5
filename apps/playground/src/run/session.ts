import type { TrainingState } from "@flowify/core";
import { sizeOf } from "@flowify/core/layer";
import { type ImageRunConfig, sha256 } from "flowify/format";
import type { Training } from "../worker/training.js";
import type { OpenRun } from "./open-run.js";

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

/** Examples for the initialization. */
export const INIT = 1024;

/** The training images as the configuration of a run describes them. */
export async function dataOf({ name, shape, train }: RunImages): Promise<ImageRunConfig["data"]> {
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
