import { UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { defaultExecutor } from "../node-model.js";
import { type Likelihood, type LikelihoodOptions, trainLikelihood } from "./likelihood.js";
import type { Posterior } from "./posterior.js";
import type { Simulator } from "./simulate.js";
import { runnerOf } from "./simulator-runner.js";
import { type Places, type PosteriorOptions, trainPosterior } from "./train.js";

/** How a simulator runs in Node. */
type InNode<T extends { simulate: Simulator }> = Omit<T, "simulate"> & {
  /** x = simulate(θ, random); or a module that exports that function by default. */
  simulate: Simulator | URL;
  /**
   * Threads that call the simulator; 0: it stays in the main thread. Default: as many as there are cores, once the calls that are left
   * take more than half a second.
   */
  workers?: number;
  /** Seconds that a simulation may take. Default: as long as it wants. */
  timeLimit?: number;
};

const warn = (code: string, text: string): void => process.emitWarning(text, { code: `FLOWIFY_${code}` });

/** The simulator as a function, and the threads that call it. */
async function inNode<T extends { simulate: Simulator }>(
  what: string,
  { timeLimit, workers, ...rest }: InNode<T>,
): Promise<{ options: T; places: Places }> {
  checkOptions(what, { timeLimit: o.positive, workers: o.integer(0) }, { timeLimit, workers });
  const { simulate: given } = rest as InNode<T>;
  const simulate = given instanceof URL ? await exportedBy(given) : given;
  const options = { ...rest, simulate } as unknown as T;
  if (typeof simulate !== "function") return { options, places: {} }; // refused with the other options
  const run = runnerOf({
    simulate,
    source: given instanceof URL ? given : simulate.toString(),
    workers,
    timeLimit,
    warn,
  });
  return { options, places: { open: defaultExecutor, run, warn } };
}

/** The simulator of a module. */
async function exportedBy(module: URL): Promise<Simulator> {
  const found = (await import(module.href).catch((cause: unknown) => {
    throw new UsageError(`simulate: ${module.href} cannot be loaded: ${String(cause)}`, { cause });
  })) as { default?: unknown };
  if (typeof found.default === "function") return found.default as Simulator;
  throw new UsageError(
    `simulate: expected ${module.href} to export a function by default, found ${typeof found.default}`,
  );
}

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
export async function posterior(given: InNode<PosteriorOptions>): Promise<Posterior> {
  const { options, places } = await inNode<PosteriorOptions>("posterior", given);
  return trainPosterior(options, places);
}

/**
 * The likelihood p(x | θ) of a simulator that has none: a conditional flow q(x | θ), trained on pairs θ ~ prior,
 * x = simulate(θ) by maximum likelihood. Its one ONNX file is for samplers elsewhere.
 *
 * @throws as `posterior`
 *
 * Source: Papamakarios, Sterratt, Murray 2019 (arXiv:1805.07226), without rounds.
 *
 * @example
 * ```ts
 * import { likelihood, uniform } from "flowify/posterior";
 * const found = await likelihood({
 *   prior: uniform(-2, 2),
 *   simulate: ([theta = 0], random) => [theta ** 2 + 0.3 * random.normal()],
 *   simulations: 500,
 *   epochs: 5,
 *   ensemble: 1,
 *   seed: 7,
 * });
 * const [near = 0, far = 0] = await found.logProb([[1]], [[1], [2]]);
 * console.log(near > far, found.toOnnx().length > 0);
 * await found.dispose();
 * // true true
 * ```
 */
export async function likelihood(given: InNode<LikelihoodOptions>): Promise<Likelihood> {
  const { options, places } = await inNode<LikelihoodOptions>("likelihood", given);
  return trainLikelihood(options, places);
}
