/** What `createTrainer` takes where an option is not given; for those who write the choice down. */
export const trainingDefaults = {
  batchSize: 128,
  /** Peak step size; also that of orthogonal parameters, where they have none of their own. */
  learningRate: 1e-3,
  /** Steps of linear warm-up of a run of so many steps. */
  warmup: (steps: number): number => Math.min(100, Math.ceil(steps / 10)),
  clip: 500,
  ema: 0,
  init: "data",
  initExamples: 4096,
  augment: "none",
} as const;
