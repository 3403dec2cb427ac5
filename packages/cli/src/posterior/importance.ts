import { DataError } from "@flowify/core";
import { logSumExp } from "../statistics.js";
import type { Prior } from "./priors.js";

export type ImportanceOptions = Readonly<{
  observed: ArrayLike<number>;
  /** log p(x | θ) of the observation, in nats, up to a constant. */
  logLikelihood(theta: Float64Array): number;
  seed?: number;
}>;

/** What is weighted. */
type Proposal = Readonly<{
  prior: Prior;
  sample(n: number, options: { observed: ArrayLike<number>; seed: number }): Promise<Float64Array[]>;
  logProb(
    theta: readonly ArrayLike<number>[],
    options: { observed: ArrayLike<number> },
  ): Promise<Float64Array>;
}>;

/** Samples with weights that make them samples of the true posterior. */
export type Weighted = Readonly<{
  draws: readonly Float64Array[];
  /** Of sum 1. */
  weights: Float64Array;
  /** How many samples without weights say as much: 1 / Σ w². */
  effective: number;
}>;

/**
 * w ∝ p(θ) p(x | θ) / q(θ | x) for samples of q: exact for any q, if there are many.
 *
 * @throws DataError where a likelihood is no number, or 0 for all samples
 */
export async function weighted(
  found: Proposal,
  n: number,
  { observed, logLikelihood, seed = 0 }: ImportanceOptions,
): Promise<Weighted> {
  const draws = await found.sample(n, { observed, seed });
  const own = await found.logProb(draws, { observed });
  const logs = draws.map((theta, i) => {
    const log = logLikelihood(theta);
    if (!(log < Number.POSITIVE_INFINITY))
      throw new DataError(
        `importance: logLikelihood is ${log} for θ = [${Array.from(theta).join(", ")}]\nexpected a finite number, or −Infinity`,
      );
    return log + found.prior.logProb(theta) - (own[i] as number);
  });
  const total = logSumExp(logs);
  if (total === Number.NEGATIVE_INFINITY)
    throw new DataError(
      `importance: the likelihood is 0 for each of ${n} samples\nthe posterior and logLikelihood are not of one model`,
    );
  const weights = Float64Array.from(logs, (log) => Math.exp(log - total));
  return { draws, weights, effective: 1 / weights.reduce((sum, w) => sum + w * w, 0) };
}
