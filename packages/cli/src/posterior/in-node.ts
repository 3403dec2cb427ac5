import { defaultExecutor } from "../node-model.js";
import type { Posterior } from "./posterior.js";
import { type PosteriorOptions, trainPosterior } from "./train.js";

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
export const posterior = (options: PosteriorOptions): Promise<Posterior> =>
  trainPosterior(options, { open: defaultExecutor });
