import { createContext, Script } from "node:vm";
import { DataError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import { defaultExecutor } from "../node-model.js";
import { type Likelihood, type LikelihoodOptions, trainLikelihood } from "./likelihood.js";
import type { Posterior } from "./posterior.js";
import type { Simulator } from "./simulate.js";
import { type PosteriorOptions, trainPosterior } from "./train.js";

/** Seconds that a simulation may take. Default: as long as it wants. */
type TimeLimit = { timeLimit?: number };

/** The options with a simulator that is interrupted after its time, wherever it is. */
function limited<T extends { simulate: Simulator }>({ timeLimit, ...options }: T & TimeLimit): T {
  checkOptions("posterior", { timeLimit: o.positive }, { timeLimit });
  const { simulate } = options as unknown as T;
  if (timeLimit === undefined || typeof simulate !== "function") return options as unknown as T;
  const context: { run?: () => void } = createContext({});
  const script = new Script("run()");
  const inTime: Simulator = (theta, random) => {
    let x: ArrayLike<number> = [];
    context.run = () => {
      x = simulate(theta, random);
    };
    try {
      script.runInContext(context, { timeout: Math.ceil(1000 * timeLimit) });
    } catch (error) {
      // an error of another context is no instance of this one's Error
      if ((error as { code?: unknown })?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
      throw new DataError(`took more than ${timeLimit} s`);
    }
    return x;
  };
  return { ...(options as unknown as T), simulate: inTime };
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
export const posterior = async (options: PosteriorOptions & TimeLimit): Promise<Posterior> =>
  trainPosterior(limited(options), { open: defaultExecutor });

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
export const likelihood = async (options: LikelihoodOptions & TimeLimit): Promise<Likelihood> =>
  trainLikelihood(limited(options), { open: defaultExecutor });
