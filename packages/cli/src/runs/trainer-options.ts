import type { TrainOptions } from "@flowify/core";
import type { RunConfig } from "./config.js";

type Chosen = Required<
  Omit<TrainOptions, "flow" | "executor" | "data" | "state" | "share" | "check" | "onInit">
>;

/** What the configuration of a run says to a trainer. Each option is named, so that none is lost on the way. */
export const trainerOptions = ({ steps, batch, seed, training }: Omit<RunConfig, "device">): Chosen => ({
  steps,
  batchSize: batch,
  seed,
  learningRate: training.learningRate,
  orthogonalRate: training.orthogonalRate,
  warmup: training.warmup,
  clip: training.clip ?? Number.POSITIVE_INFINITY,
  ema: training.ema,
  init: training.init,
  initExamples: training.initExamples,
  augment: training.augment,
});
