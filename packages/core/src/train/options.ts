import type { JsTree } from "@jax-js/jax";
import type { InitProgress } from "../chain.js";
import { CheckpointError } from "../errors.js";
import type { Executor } from "../executor/executor.js";
import type { Flow } from "../flow.js";
import * as o from "../options.js";
import type { HostArray } from "../params/host-array.js";
import type { BatchShare } from "./batch-share.js";
import type { ImageAugmentation } from "./data.js";
import type { DataIn, ExampleReader } from "./source.js";
import type { TrainingState } from "./state.js";

/** What `createTrainer` takes where an option is not given; for those who write the choice down. */
export const trainingDefaults = {
  batchSize: 128,
  /** Peak step size; also that of orthogonal parameters, where they have none of their own. */
  learningRate: 1e-3,
  /** Steps of linear warm-up of a run of so many steps. */
  warmup: (steps: number): number => Math.min(100, Math.ceil(steps / 10)),
  clip: 500,
  optimizer: "adam",
  ema: 0,
  init: "data",
  initExamples: 4096,
  augment: "none",
} as const;

export type TrainOptions = {
  flow: Flow;
  executor: Executor;
  /** Examples in any form that a model takes, or a source of batches. */
  data: DataIn | ExampleReader;
  /** The condition of each example, for a conditional flow. */
  condition?: DataIn;
  /** Steps of the whole run; the schedule ends there. */
  steps: number;
  /** Examples a step. Default 128. */
  batchSize?: number;
  /** Decides everything random. Default 0, or that of `state`. */
  seed?: number;
  /** Data-dependent initial values (default) or random ones. */
  init?: "data" | "random";
  /** Examples that the data-dependent start looks at, at least: layers may need more. Default 4096. */
  initExamples?: number;
  /** Initial values from elsewhere, in place of those of `initParams`, asked for when everything is compiled; undefined: none. */
  start?: () => Promise<JsTree<HostArray> | undefined>;
  /** Called when a layer has its data-dependent initial values. */
  onInit?: InitProgress;
  /** Called now and then while a large program is compiled, with the share of it that is done; what it throws ends the preparation. */
  onCompile?: (program: string, share: number) => void;
  /** Peak step size of Euclidean parameters. Default 1e-3. */
  learningRate?: number;
  /** Peak step size of orthogonal parameters, radians; 0 leaves them at their start. Default that of the Euclidean ones. */
  orthogonalRate?: number;
  /** Steps of linear warm-up. Default 100, at most a tenth of the run. */
  warmup?: number;
  /**
   * How kernels of convolutions in the networks of couplings and densities move: by Adam (default), as all other
   * parameters, or by Muon, which moves every direction of a kernel as far: far fewer steps, each a little longer.
   */
  optimizer?: "adam" | "muon";
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
  /**
   * In how many equal parts a batch is computed, at most, each on a worker of the executor, and their gradients added up. The last
   * digits depend on it. `fastest` times a few steps of each number that the executor and the batch allow. Default: as many
   * as the executor has workers, where that usually pays.
   */
  parts?: number | "fastest";
  /** Computes a part of every batch, where several processes train together. Default: all of it. */
  share?: BatchShare;
  /** Goes on from here. */
  state?: TrainingState;
};

/** Options of every way to train. */
export type RunOptions = Omit<TrainOptions, "flow" | "data" | "condition" | "start" | "state" | "share">;

export const runSchemas: o.SchemasOf<RunOptions> = {
  executor: o.record,
  steps: o.integer(1),
  batchSize: o.integer(1),
  seed: o.integer(0),
  init: o.oneOf("data", "random"),
  initExamples: o.integer(1),
  onInit: o.callback,
  onCompile: o.callback,
  learningRate: o.positive,
  orthogonalRate: o.notNegative,
  warmup: o.integer(0),
  clip: o.norm,
  optimizer: o.oneOf("adam", "muon"),
  ema: o.share,
  augment: o.oneOf("none", "flip"),
  check: o.flag,
  parts: o.either(o.integer(1), o.oneOf("fastest"), 'a whole number of at least 1, or "fastest"'),
};

const schemas: o.SchemasOf<TrainOptions> = {
  ...runSchemas,
  flow: o.record,
  data: o.record,
  condition: o.record,
  start: o.callback,
  share: o.record,
  state: o.record,
};

/** The options with every default in its place. Errors: `UsageError`, `CheckpointError` for a state of another seed. */
export function withDefaults(options: TrainOptions) {
  const defaults = trainingDefaults;
  o.checkOptions("createTrainer", schemas, options, ["flow", "executor", "data", "steps"]);
  const { steps, augment = defaults.augment, check = false } = options;
  const { batchSize = defaults.batchSize, clip = defaults.clip, ema = defaults.ema } = options;
  const { optimizer = defaults.optimizer } = options;
  const { learningRate = defaults.learningRate, orthogonalRate = learningRate } = options;
  const { seed = options.state?.seed ?? 0, warmup = defaults.warmup(steps) } = options;
  if (options.state && options.state.seed !== seed)
    throw new CheckpointError(`the checkpoint was made with seed ${options.state.seed}, not ${seed}`);
  return {
    ...options,
    augment,
    check,
    batchSize,
    clip,
    ema,
    learningRate,
    optimizer,
    orthogonalRate,
    seed,
    warmup,
  };
}
