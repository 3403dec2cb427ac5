import { DataError, type Executor, fastestExecutor, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { withOwnExecutor } from "../ensemble.js";
import { ascendingPlaces } from "../rows.js";
import { type Bijection, bijectionOf } from "./bijections.js";
import { filling, type Rows } from "./filled-rows.js";
import { type MembersOptions, memberSchemas, trainMembers } from "./members.js";
import { Posterior } from "./posterior.js";
import { checkPrior, type Prior } from "./priors.js";
import { conditionOf, type Scaling, scaled, scalingOf } from "./scaling.js";
import {
  inThisThread,
  joined,
  MOST_FAILURES,
  type RunSimulator,
  type Simulated,
  type SimulateOptions,
  type Simulator,
  simulateAll,
  type Warn,
} from "./simulate.js";
import { typicalityOf } from "./typicality.js";

/** What is simulated, and how often. */
export type SimulatedOptions = SimulateOptions & {
  prior: Prior;
  /** x = simulate(θ, random). */
  simulate: Simulator;
  /** Calls of the simulator. Default 10,000. */
  simulations?: number;
  /** Called with the stage and how far it is, from 0 to 1; in each round. */
  onProgress?: (stage: "simulating" | "training", done: number) => void;
};

export type PosteriorOptions = SimulatedOptions &
  MembersOptions & {
    /** The one observation that the posterior is for. Later rounds simulate only where it makes parameters plausible. */
    observed?: ArrayLike<number>;
    /** Rounds that share the simulations, where `observed` is there. Default 3. */
    rounds?: number;
    /**
     * Observations are rows of so many numbers, at most so many of them, whose order does not matter: `simulate` returns any number of
     * rows, one after another. One number: rows of one. Default: as many numbers each time.
     */
    rows?: number | Rows;
  };

const rowsOf = (rows: number | Rows | undefined): Rows | undefined =>
  typeof rows === "number" ? [rows, 1] : rows;

export const simulatedSchemas = {
  prior: o.anything,
  simulate: o.callback,
  simulations: o.integer(1),
  seed: o.seed,
  mostFailures: o.fraction,
  onProgress: o.callback,
};

const schemas = {
  ...simulatedSchemas,
  ...memberSchemas,
  observed: o.anything,
  rounds: o.integer(1),
  rows: o.pair,
};

/** Fewest simulations of a round: some are held out of each flow. */
const FEWEST = 20;

/** Where computations and simulations run, and warnings go, if the options do not say. */
export type Places = {
  open?: () => Promise<Executor>;
  run?: RunSimulator;
  /** Called about likely mistakes. */
  warn?: Warn | undefined;
};

/** Simulations by draws of the prior; checks both first. */
export async function simulatePrior(
  what: string,
  options: SimulatedOptions,
  run: RunSimulator,
  simulations = 10_000,
): Promise<Simulated> {
  const { prior, simulate, seed = 0, onProgress = () => {} } = options;
  if (simulations < FEWEST)
    throw new UsageError(`${what}: expected at least ${FEWEST} simulations, got ${simulations}`);
  if (typeof simulate !== "function")
    throw new UsageError(`${what}: expected simulate, a function of (theta, random) that returns numbers`);
  checkPrior(prior, makeRng(seed, 1));
  return simulateAll(prior, run, simulations, {
    ...options,
    onProgress: (done) => onProgress("simulating", done),
  });
}

/** Errors: `DataError` for an observation that is none, or that lies outside of the simulations. */
function expectTypical(pairs: Simulated, scaling: Scaling, observed: ArrayLike<number>): void {
  const { note } = typicalityOf(pairs, scaling)(conditionOf(observed, scaling));
  if (note)
    throw new DataError(
      `posterior: ${note}\nwithout observed there is a posterior all the same, of any observation`,
    );
}

/**
 * What `posterior` does, anywhere.
 *
 * @param before parameters of members that were trained by the same options before, the bytes of their `save()`
 */
export async function trainPosterior(
  options: PosteriorOptions,
  {
    open = fastestExecutor,
    run: call = inThisThread(options.simulate),
    warn,
    before = [],
  }: Places & { before?: readonly Uint8Array[] } = {},
): Promise<Posterior> {
  checkOptions("posterior", schemas, options);
  const {
    prior,
    simulations = 10_000,
    observed,
    signal,
    seed = 0,
    mostFailures = MOST_FAILURES,
    onProgress = () => {},
  } = options;
  if (options.rounds !== undefined && observed === undefined)
    throw new UsageError("posterior: rounds need observed, the observation that they look at");
  const rows = rowsOf(options.rows);
  const run = rows ? filling(call, rows) : call;
  const rounds = observed === undefined ? 1 : (options.rounds ?? 3);
  const each = Math.floor(simulations / rounds);
  let pairs = await simulatePrior("posterior", options, run, each);
  if (isConstant(pairs))
    warn?.(
      "CONSTANT_CONDITION",
      `posterior: all ${pairs.count} simulations came out the same: the posterior is the prior\nlet the observation depend on the parameters`,
    );
  const lines = prior.support.map(bijectionOf);
  return withOwnExecutor(options.executor, open, async (executor, own) => {
    const scalingNow = (): Scaling => scalingOf(pairs.observations, pairs.observationSize, rows);
    const fitted = async (): Promise<Posterior> => {
      const scaling = scalingNow();
      const members = await trainMembers(
        executor,
        {
          data: Float32Array.from(pairs.parameters, (theta, i) =>
            (lines[i % prior.size] as Bijection).toReal(theta),
          ),
          size: prior.size,
          condition: scaled(pairs.observations, scaling),
          conditionSize: rows ?? pairs.observationSize,
        },
        { ...options, seed, onProgress: (done) => onProgress("training", done) },
        before,
      );
      const only = rounds > 1 ? observed : undefined;
      return new Posterior({
        prior,
        run,
        mostFailures,
        members,
        lines,
        scaling,
        pairs,
        only,
        executor: own,
        warn,
      });
    };
    if (rounds > 1 && observed) expectTypical(pairs, scalingNow(), observed);
    let found = await fitted();
    for (let round = 1; observed && round < rounds && !signal?.aborted; round++) {
      const narrowed = await truncatedPrior(found, observed, each, seed + round);
      const more = await simulateAll(narrowed, run, each, {
        ...options,
        seed: seed + round * 2 ** 33,
        onProgress: (done) => onProgress("simulating", done),
      });
      pairs = joined(pairs, more);
      found = await fitted();
    }
    return found;
  });
}

const isConstant = ({ observations, observationSize }: Simulated): boolean =>
  observations.every((value, i) => value === observations[i % observationSize]);

/** Samples of the posterior that set the threshold: and the share of them that it cuts off. */
const [SAMPLES, CUT] = [10_000, 1e-3] as const;
/** Samples of the prior that are looked at together, and the share that must pass to go on like that. */
const [AT_ONCE, FEW] = [4096, 0.02] as const;
/** Samples of the posterior for each that is kept of them. */
const POOL = 16;

/**
 * n samples of the prior where it is plausible after an observation: p̃(θ) ∝ p(θ) 1[q(θ | x) > τ], with τ the 10⁻³ quantile of
 * q over its own samples. By rejection; where nearly nothing passes, samples of q are chosen with weights p / q instead.
 *
 * Source: Deistler, Gonçalves, Macke 2022 (arXiv:2210.04815), algorithm 1 and appendix.
 */
export async function truncatedSamples(
  found: Posterior,
  observed: ArrayLike<number>,
  n: number,
  seed: number,
): Promise<ArrayLike<number>[]> {
  const { prior } = found;
  const own = await found.sample(SAMPLES, { observed, seed });
  const threshold = (await found.logProb(own, { observed })).sort()[CUT * SAMPLES] as number;
  const random = makeRng(seed, 6);
  const kept: ArrayLike<number>[] = [];
  for (let seen = 0; kept.length < n; seen += AT_ONCE) {
    if (seen > 0 && kept.length < FEW * seen) break;
    const some = Array.from({ length: AT_ONCE }, () => prior.sample(random));
    const logs = await found.logProb(some, { observed });
    kept.push(...some.filter((_, i) => (logs[i] as number) > threshold));
  }
  if (kept.length >= n) return kept.slice(0, n);
  const pool = await found.sample(POOL * n, { observed, seed: seed + 1 });
  const logs = await found.logProb(pool, { observed });
  // the largest of log w + Gumbel noise are a weighted choice without repetition (Efraimidis and Spirakis 2006)
  const keys = pool.map((theta, i) => {
    const log = logs[i] as number;
    const weight = log > threshold ? prior.logProb(theta) - log : Number.NEGATIVE_INFINITY;
    return weight - Math.log(-Math.log(random.uniform() + 2 ** -25));
  });
  return ascendingPlaces(keys)
    .slice(-n)
    .map((place) => pool[place] as Float64Array);
}

/** A prior with these samples, in place of the posterior, which is released. */
async function truncatedPrior(
  ...[found, ...given]: Parameters<typeof truncatedSamples>
): Promise<Pick<Prior, "sample">> {
  try {
    const next = (await truncatedSamples(found, ...given)).values();
    return { sample: () => next.next().value as ArrayLike<number> };
  } finally {
    for (const member of found.members) await member.dispose();
  }
}
