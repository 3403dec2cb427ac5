import type { InitProgress } from "../chain.js";
import { CheckpointError, UsageError } from "../errors.js";
import type { Executor } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import type { BatchShare } from "./batch-share.js";
import type { ImageAugmentation } from "./data.js";
import { trainingDefaults as defaults } from "./defaults.js";
import type { DataIn, ExampleReader } from "./source.js";
import type { TrainingState } from "./state.js";

export type TrainOptions = {
  flow: Flow;
  executor: Executor;
  /** Examples in any form that a model takes, or a source of batches. */
  data: DataIn | ExampleReader;
  /** Steps of the whole run; the schedule ends there. */
  steps: number;
  /** Examples a step. Default 128. */
  batchSize?: number;
  /** Decides everything random. Default 0, or that of `state`. */
  seed?: number;
  /** Data-dependent start values (default) or random ones. */
  init?: "data" | "random";
  /** Examples that the data-dependent start looks at, at least: layers may need more. Default 4096. */
  initExamples?: number;
  /** Called when a layer has its data-dependent start values. */
  onInit?: InitProgress;
  /** Peak step size of Euclidean parameters. Default 1e-3. */
  learningRate?: number;
  /** Peak step size of orthogonal parameters, radians. Default that of the Euclidean ones. */
  orthogonalRate?: number;
  /** Steps of linear warm-up. Default 100, at most a tenth of the run. */
  warmup?: number;
  /** Global norm that gradients are clipped to. Default 500. */
  clip?: number;
  /** Decay of the average of the weights; 0 (default) for none. */
  ema?: number;
  /** `flip` mirrors every image of a step left to right with probability ½. Default `none`. */
  augment?: ImageAugmentation;
  /**
   * Look at what every layer gives before each step, so that a value that is not finite is found even where the loss does
   * not show it. Takes another pass forward; the numbers are the same. Default false.
   */
  check?: boolean;
  /** Computes a part of every batch, where several processes train together. Default: all of it. */
  share?: BatchShare;
  /** Goes on from here. */
  state?: TrainingState;
};

/** The options with every default in its place. Errors: `UsageError`, `CheckpointError` for numbers that make no sense. */
export function withDefaults(options: TrainOptions) {
  const { steps, augment = defaults.augment, check = false } = options;
  const { batchSize = defaults.batchSize, clip = defaults.clip, ema = defaults.ema } = options;
  const { learningRate = defaults.learningRate, orthogonalRate = learningRate } = options;
  const { seed = options.state?.seed ?? 0, warmup = defaults.warmup(steps) } = options;
  const all = { augment, check, batchSize, clip, ema, learningRate, orthogonalRate, seed, warmup };
  checkOptions({ ...options, ...all });
  return { ...options, ...all };
}

function checkOptions(
  options: TrainOptions & {
    seed: number;
    learningRate: number;
    orthogonalRate: number;
    clip: number;
    ema: number;
  },
): void {
  const { state, seed, steps, learningRate, orthogonalRate, clip, ema } = options;
  const expect = (ok: boolean, what: string): void => {
    if (!ok) throw new UsageError(what);
  };
  expect(
    Number.isInteger(steps) && steps >= 1,
    `the number of steps must be a positive integer, got ${steps}`,
  );
  expect(Number.isSafeInteger(seed) && seed >= 0, `the seed must be a non-negative integer, got ${seed}`);
  expect(
    learningRate > 0 && Number.isFinite(learningRate),
    `the learning rate must be positive and finite, got ${learningRate}`,
  );
  expect(
    orthogonalRate >= 0 && Number.isFinite(orthogonalRate),
    `the rate of orthogonal parameters must be finite and not negative, got ${orthogonalRate}`,
  );
  expect(clip > 0, `the gradient's norm must be clipped to a positive number, got ${clip}`);
  expect(ema >= 0 && ema < 1, `the decay of the weight average must be in [0, 1), got ${ema}`);
  if (state && state.seed !== seed)
    throw new CheckpointError(`the checkpoint was made with seed ${state.seed}, not ${seed}`);
}
