import type { RunConfig } from "../../src/run-config.js";

export const exampleConfig: RunConfig = {
  format: "flowify-run",
  version: 3,
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
  device: "native",
  flow: { density: "mixture" },
  training: {
    steps: 469,
    batchSize: 128,
    seed: 7,
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
