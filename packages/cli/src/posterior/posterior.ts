import { couplingFlow, DataError, type Executor, type FlowModel, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { fitEnsemble } from "../ensemble.js";
import { defaultExecutor } from "../node-model.js";
import { logMean } from "../statistics.js";
import { type Bijection, bijectionOf } from "./bijections.js";
import { type DiagnoseOptions, type Diagnosis, diagnosePosterior } from "./diagnose.js";
import { exportDraws } from "./export.js";
import { checkPrior, type Prior } from "./priors.js";
import { type Scaling, scaled, scalingOf } from "./scaling.js";
import { type Simulated, type SimulateOptions, type Simulator, simulateAll } from "./simulate.js";

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
  /** Where to compute. Default: ONNX Runtime. */
  executor?: Executor;
  /** Called with the stage and how far it is, from 0 to 1. */
  onProgress?: (stage: "simulating" | "training", done: number) => void;
};

/** The observation, as many numbers as the simulator returns. */
export type Observed = { observed: ArrayLike<number> };

const schemas = {
  prior: o.anything,
  simulate: o.callback,
  simulations: o.integer(1),
  ensemble: o.integer(1),
  blocks: o.integer(1),
  hidden: o.integer(1),
  epochs: o.integer(1),
  seed: o.seed,
  mostFailures: o.notNegative,
  executor: o.record,
  onProgress: o.callback,
};

/** Fewest simulations: some are held out of each flow. */
const FEWEST = 20;

/** Share of the simulations that training is judged by. */
const HELD_OUT = 0.1;
/** Simulations of a step, and its peak size. */
const BATCH = 256;
const RATE = 2e-3;
/** Held-out measurements in a row without a better one after which training ends. */
const PATIENCE = 12;

/**
 * The posterior p(θ | x) of a simulator for any observation x: a conditional flow q(u | x), trained on pairs
 * θ ~ prior, x = simulate(θ) by maximum likelihood.
 *
 * u = F(θ) is the fixed bijection of the prior's support onto R, so no sample leaves it.
 * Amortized: an observation costs one pass through the network, no simulation.
 *
 *     log q(θ | x) = log q(u | x) − log |dθ / du|
 *
 * @throws UsageError for a prior that does not know its own draws, options that make no sense; DataError where too many
 * simulations fail, or have another length; those of `fit`
 *
 * Source: Papamakarios and Murray 2016 (arXiv:1605.06376); Greenberg et al. 2019 (arXiv:1905.07488), without proposals.
 *
 * @example
 * ```ts
 * import { posterior, uniform } from "flowify/posterior";
 * const found = await posterior({
 *   prior: uniform(-2, 2),
 *   simulate: ([theta = 0], random) => [theta ** 2 + 0.1 * random.normal()],
 *   simulations: 500,
 *   epochs: 3,
 *   ensemble: 1,
 *   seed: 7,
 * });
 * const draws = await found.sample(200, { observed: [1], seed: 1 });
 * console.log(draws.length, draws.every(([theta = 0]) => Math.abs(theta) <= 2));
 * await found.dispose();
 * // 200 true
 * ```
 */
export async function posterior(options: PosteriorOptions): Promise<Posterior> {
  checkOptions("posterior", schemas, options);
  const { prior, simulations = 10_000, ensemble = 2, blocks = 4, hidden = 64, epochs = 150 } = options;
  const { seed = 0, onProgress = () => {} } = options;
  if (simulations < FEWEST)
    throw new UsageError(`posterior: expected at least ${FEWEST} simulations, got ${simulations}`);
  if (typeof options.simulate !== "function")
    throw new UsageError("posterior: expected simulate, a function of (theta, random) that returns numbers");
  checkPrior(prior, makeRng(seed, 1));
  const pairs = await simulateAll(prior, options.simulate, simulations, {
    ...options,
    onProgress: (done) => onProgress("simulating", done),
  });
  const executor = options.executor ?? (await defaultExecutor());
  const lines = prior.support.map(bijectionOf);
  const { size } = prior;
  const u = Float32Array.from(pairs.parameters, (theta, i) => (lines[i % size] as Bijection).toReal(theta));
  const scaling = scalingOf(pairs.observations, pairs.observationSize);
  const condition = scaled(pairs.observations, scaling);
  const { count } = pairs;
  const batchSize = Math.min(BATCH, Math.ceil(count / 4));
  const steps = Math.ceil((epochs * count) / batchSize);
  const make = () =>
    couplingFlow(size, { condition: pairs.observationSize, blocks, hidden, bins: 8, bound: 5 });
  const ensembleOptions = {
    condition,
    executor,
    steps,
    batchSize,
    learningRate: RATE,
    validation: HELD_OUT,
    validateEvery: Math.max(Math.ceil((0.9 * count) / batchSize), 10),
    patience: PATIENCE,
    clip: 5,
    ema: 0.99,
    seed,
    members: ensemble,
    onProgress: (done: number) => onProgress("training", done),
  };
  const members = await fitEnsemble(make, u, ensembleOptions).catch(async (error: unknown) => {
    if (options.executor === undefined) await executor.dispose();
    throw error;
  });
  return new Posterior({
    prior,
    simulate: options.simulate,
    members,
    lines,
    scaling,
    pairs,
    executor: options.executor === undefined ? executor : undefined,
  });
}

/** What a posterior is made of. */
type Parts = Readonly<{
  prior: Prior;
  simulate: Simulator;
  members: readonly FlowModel[];
  lines: readonly Bijection[];
  scaling: Scaling;
  pairs: Simulated;
  /** Where it computes, if it has to close that. */
  executor: Executor | undefined;
}>;

/** Draws, densities and checks of a posterior. */
export class Posterior {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get prior(): Prior {
    return this.#parts.prior;
  }

  /** Simulations that failed or had numbers that are not finite, and were left out. */
  get failures(): number {
    return this.#parts.pairs.failures;
  }

  /** The flows whose mixture it is. */
  get members(): readonly FlowModel[] {
    return this.#parts.members;
  }

  /** The condition of an observation. Errors: `DataError` for another length, or a number that is not finite. */
  #condition(observed: ArrayLike<number>): Float32Array {
    const { observationSize: size } = this.#parts.pairs;
    if (observed?.length !== size)
      throw new DataError(
        `observed: expected ${size} numbers, as the simulator gives, got ${observed?.length}`,
      );
    for (let i = 0; i < size; i++)
      if (!Number.isFinite(observed[i])) throw new DataError(`observed: number ${i} is ${observed[i]}`);
    return scaled(observed, this.#parts.scaling);
  }

  /** n draws of θ given the observation, a row each. */
  async sample(n: number, options: Observed & { seed?: number }): Promise<Float64Array[]> {
    checkOptions("sample", { observed: o.anything, seed: o.seed }, options);
    const { observed, seed = 0 } = options;
    const { size } = this.prior;
    const draws = await this.sampleEach([observed], n, { seed });
    return Array.from({ length: n }, (_, i) => draws.subarray(i * size, (i + 1) * size));
  }

  /** n draws of θ given each observation, one after another. */
  async sampleEach(
    observations: readonly ArrayLike<number>[],
    n: number,
    { seed = 0 }: { seed?: number } = {},
  ): Promise<Float64Array> {
    const { members, lines } = this.#parts;
    const size = lines.length;
    const rng = makeRng(seed, 2);
    const chosen = Uint32Array.from({ length: observations.length * n }, () => rng.integer(members.length));
    const conditions = observations.map((observed) => this.#condition(observed));
    const out = new Float64Array(chosen.length * size);
    for (const [k, member] of members.entries()) {
      const own = [...chosen.keys()].filter((i) => chosen[i] === k);
      if (own.length === 0) continue;
      const width = (conditions[0] as Float32Array).length;
      const condition = new Float32Array(own.length * width);
      for (const [at, i] of own.entries())
        condition.set(conditions[Math.floor(i / n)] as Float32Array, at * width);
      const u = await member.sampleFlat(own.length, { condition, seed: seed * members.length + k });
      for (const [at, i] of own.entries())
        for (let j = 0; j < size; j++)
          out[i * size + j] = (lines[j] as Bijection).fromReal(u[at * size + j] as number);
    }
    return out;
  }

  /** log q(θ | x) of each θ, in nats; −Infinity outside of the prior's support. */
  async logProb(theta: readonly ArrayLike<number>[], { observed }: Observed): Promise<Float64Array> {
    const { size, support } = this.prior;
    const condition = this.#condition(observed);
    const inside = theta.map((row) => {
      if (row.length !== size) throw new DataError(`logProb: expected ${size} parameters, got ${row.length}`);
      return support.every(([low, high], i) => (row[i] as number) >= low && (row[i] as number) <= high);
    });
    const { lines, members } = this.#parts;
    const u = theta.map((row) => Array.from(row, (value, i) => (lines[i] as Bijection).toReal(value)));
    const kept = u.filter((_, i) => inside[i]);
    if (kept.length === 0) return new Float64Array(theta.length).fill(Number.NEGATIVE_INFINITY);
    const logs = await Promise.all(members.map((member) => member.logProb(kept, { condition })));
    let at = 0;
    return Float64Array.from(theta, (_, i) => {
      if (!inside[i]) return Number.NEGATIVE_INFINITY;
      const each = logs.map((log) => log[at] as number);
      at++;
      const slope = (u[i] as number[]).reduce(
        (sum, value, k) => sum + (lines[k] as Bijection).logSlope(value),
        0,
      );
      return logMean(each) - slope;
    });
  }

  /** Whether it can be trusted: ranks and expected coverage on fresh simulations. */
  diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
    return diagnosePosterior(this, this.prior, this.#parts.simulate, options);
  }

  /**
   * One ONNX file: `observation` [batch, d], `noise` [batch, n] (normal) and `choice` [batch, 1] (uniform on [0, 1)) to `theta`
   * [batch, n], draws of θ, and `log_density` [batch], log q(θ | x) of these in nats.
   */
  toOnnx(): Uint8Array {
    const { support } = this.prior;
    return exportDraws({ ...this.#parts, support });
  }

  /** Releases the memory. */
  async dispose(): Promise<void> {
    const { members, executor } = this.#parts;
    for (const member of members) await member.dispose();
    await executor?.dispose();
  }
}
