import type { RunConfig } from "../../src/runs/config.js";

export const exampleConfig: RunConfig = {
  format: "flowify-run",
  version: 2,
  network: "mnist/fmlp",
  recipe: null,
  data: {
    name: "mnist",
    dir: null,
    examples: 60_000,
    validation: 0,
    shape: [1, 28, 28],
    hash: "0".repeat(64),
  },
  steps: 469,
  batch: 128,
  seed: 7,
  device: "native",
  flow: { density: "mixture" },
  training: {
    learningRate: 1e-3,
    orthogonalRate: 1e-3,
    warmup: 47,
    clip: 500,
    ema: 0,
    init: "data",
    initExamples: 4096,
    augment: "none",
  },
  checkpointEvery: 469,
  evaluateEvery: 1,
  pictures: "each",
};
