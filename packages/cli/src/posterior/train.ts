import {
  couplingFlow,
  type Executor,
  type FitOptions,
  FlowModel,
  fastestExecutor,
  UsageError,
} from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { fitEnsemble } from "../ensemble.js";
import { type Bijection, bijectionOf } from "./bijections.js";
import { Posterior } from "./posterior.js";
import { checkPrior, type Prior } from "./priors.js";
import { scaled, scalingOf } from "./scaling.js";
import { type SimulateOptions, type Simulator, simulateAll } from "./simulate.js";

export type PosteriorOptions = SimulateOptions & {
  prior: Prior;
  /** x = simulate(θ, random). */
  simulate: Simulator;
  /** Calls of the simulator. Default 10,000. */
  simulations?: number;
  /** Flows that are trained side by side on other splits of the simulations; their mixture is the posterior. Default 2. */
  ensemble?: number;
  /** Blocks of each flow, and width of its networks. Default 4 and 64. */
  blocks?: number;
  hidden?: number;
  /** Passes over the simulations at most; training ends before where held-out ones say so. Default 150. */
  epochs?: number;
  /** Simulations of a step, and its peak size. Default 256 and 0.002. */
  batchSize?: number;
  learningRate?: number;
  /** Ends the training after the step of this moment: the posterior is the best so far. */
  signal?: NonNullable<FitOptions["signal"]>;
  /** Where to compute. Default: ONNX Runtime. */
  executor?: Executor;
  /** Called with the stage and how far it is, from 0 to 1. */
  onProgress?: (stage: "simulating" | "training", done: number) => void;
};

const schemas = {
  prior: o.anything,
  simulate: o.callback,
  simulations: o.integer(1),
  ensemble: o.integer(1),
  blocks: o.integer(1),
  hidden: o.integer(1),
  epochs: o.integer(1),
  batchSize: o.integer(1),
  learningRate: o.positive,
  signal: o.record,
  seed: o.seed,
  mostFailures: o.notNegative,
  executor: o.record,
  onProgress: o.callback,
};

/** Fewest simulations: some are held out of each flow. */
const FEWEST = 20;

/** Share of the simulations that training is judged by. */
const HELD_OUT = 0.1;
const BATCH = 256;
const RATE = 2e-3;
/** Held-out measurements in a row without a better one after which training ends. */
const PATIENCE = 12;

/**
 * What `posterior` does, anywhere: `open` says where to compute if the options do not.
 *
 * @param before parameters of members that were trained by the same options before, the bytes of their `save()`
 */
export async function trainPosterior(
  options: PosteriorOptions,
  {
    open = fastestExecutor,
    before = [],
  }: { open?: () => Promise<Executor>; before?: readonly Uint8Array[] } = {},
): Promise<Posterior> {
  checkOptions("posterior", schemas, options);
  const {
    prior,
    simulate,
    simulations = 10_000,
    ensemble = 2,
    blocks = 4,
    hidden = 64,
    epochs = 150,
  } = options;
  const { seed = 0, learningRate = RATE, signal, onProgress = () => {} } = options;
  if (simulations < FEWEST)
    throw new UsageError(`posterior: expected at least ${FEWEST} simulations, got ${simulations}`);
  if (typeof simulate !== "function")
    throw new UsageError("posterior: expected simulate, a function of (theta, random) that returns numbers");
  checkPrior(prior, makeRng(seed, 1));
  const pairs = await simulateAll(prior, simulate, simulations, {
    ...options,
    onProgress: (done) => onProgress("simulating", done),
  });
  const executor = options.executor ?? (await open());
  const lines = prior.support.map(bijectionOf);
  const { size } = prior;
  const u = Float32Array.from(pairs.parameters, (theta, i) => (lines[i % size] as Bijection).toReal(theta));
  const scaling = scalingOf(pairs.observations, pairs.observationSize);
  const { count } = pairs;
  const batchSize = Math.min(options.batchSize ?? BATCH, Math.ceil(count / 4));
  const make = () =>
    couplingFlow(size, { condition: pairs.observationSize, blocks, hidden, bins: 8, bound: 5 });
  try {
    const members = await fitEnsemble(make, u, {
      condition: scaled(pairs.observations, scaling),
      executor,
      steps: Math.ceil((epochs * count) / batchSize),
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
      onProgress: (done: number) => onProgress("training", done),
    });
    const own = options.executor === undefined ? executor : undefined;
    return new Posterior({ prior, simulate, members, lines, scaling, pairs, executor: own });
  } catch (error) {
    if (options.executor === undefined) await executor.dispose();
    throw error;
  }
}
