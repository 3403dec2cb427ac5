import type { trainPosterior } from "flowify/posterior/browser";
import type { PosteriorConfig } from "./config.js";
import type { Task } from "./own.js";

/** How the page trains: few large steps, for a step of a small network takes as long. */
export const trainingOf = (
  { simulations, epochs, seed }: PosteriorConfig,
  { prior, simulate }: Task,
): Parameters<typeof trainPosterior>[0] => ({
  prior,
  simulate,
  simulations,
  epochs,
  seed,
  ensemble: 1,
  blocks: 2,
  hidden: 32,
  batchSize: 512,
  learningRate: 5e-3,
});
