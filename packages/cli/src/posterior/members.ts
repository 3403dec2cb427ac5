import { couplingFlow, type Executor, type FitOptions, type Flow, FlowModel } from "@flowify/core";
import { optionSchemas as o } from "@flowify/core/internal";
import { fitEnsemble } from "../ensemble.js";
import type { Rows } from "./filled-rows.js";

/** How the flows are trained. */
export type MembersOptions = {
  /** Flows that are trained side by side on other splits of the simulations; their mixture is the density. Default 2. */
  ensemble?: number;
  /** Blocks of each flow, and width of its networks. Default 4 and 64. */
  blocks?: number;
  hidden?: number;
  /**
   * Passes over the simulations at most; training ends before where held-out ones say so. Default 150, and fewer where that would be
   * more than 12,000 steps.
   */
  epochs?: number;
  /** Simulations of a step, and its peak size. Default 256 and 0.002. */
  batchSize?: number;
  learningRate?: number;
  /** Ends the training after the step of this moment: what is kept is the best so far. */
  signal?: NonNullable<FitOptions["signal"]>;
  /** Where to compute. Default: ONNX Runtime. */
  executor?: Executor;
};

export const memberSchemas = {
  ensemble: o.integer(1),
  blocks: o.integer(1),
  hidden: o.integer(1),
  epochs: o.integer(1),
  batchSize: o.integer(1),
  learningRate: o.positive,
  signal: o.record,
  executor: o.record,
};

const EPOCHS = 150;
const MOST_STEPS = 12_000;
/** Share of the simulations that training is judged by. */
const HELD_OUT = 0.1;
/** Held-out measurements in a row without a better one after which training ends. */
const PATIENCE = 12;

/**
 * Flows of rows [n, size] given conditions [n, conditionSize], or sets of rows, one after another in `data` and `condition`.
 *
 * @param before parameters of members that were trained by the same options before, the bytes of their `save()`
 */
export async function trainMembers(
  executor: Executor,
  {
    data,
    size,
    condition,
    conditionSize,
  }: Readonly<{
    data: Float32Array;
    size: number;
    condition: Float32Array;
    conditionSize: number | Rows;
  }>,
  options: MembersOptions & { seed: number; onProgress: (done: number) => void },
  before: readonly Uint8Array[] = [],
): Promise<FlowModel[]> {
  const { ensemble = 2, blocks = 4, hidden = 64, learningRate = 2e-3 } = options;
  const { seed, signal, onProgress } = options;
  const count = data.length / size;
  const batchSize = Math.min(options.batchSize ?? 256, Math.ceil(count / 4));
  const stepsOf = (epochs: number): number => Math.ceil((epochs * count) / batchSize);
  const steps =
    options.epochs === undefined ? Math.min(stepsOf(EPOCHS), MOST_STEPS) : stepsOf(options.epochs);
  const seen = typeof conditionSize === "number" ? conditionSize : { shape: conditionSize, fewerRows: true };
  const make = (): Flow =>
    couplingFlow(size, { condition: seen, blocks, hidden, bins: 8, bound: 5, rotate: false });
  return fitEnsemble(make, data, {
    condition,
    executor,
    steps,
    batchSize,
    learningRate,
    validation: HELD_OUT,
    validateEvery: Math.max(Math.ceil((0.9 * count) / batchSize), 10),
    patience: PATIENCE,
    clip: 5,
    ema: 0.99,
    seed,
    members: ensemble,
    before: await Promise.all(before.map((bytes) => FlowModel.load(make(), bytes, executor))),
    ...(signal && { signal }),
    onProgress,
  });
}
