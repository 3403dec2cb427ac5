import type { ConditionOption } from "../examples.js";
import { nth } from "../lists.js";

/** How many samples of the noise an estimate has, and their seed. */
export type EstimateOptions = { samples?: number; seed?: number } & ConditionOption;

/** log (1/K) Σ p_k for every example, and its standard error over the samples, both in nats. */
export type BoundEstimate = Readonly<{ logProb: Float64Array; stdErr: Float64Array }>;

/**
 * The importance-weighted bound from K samples of log p_k: log-mean-exp in stable form. Its standard error is that of the
 * jackknife, se² = (K − 1)/K Σ (θ_k − θ̄)² with θ_k the estimate without sample k: unlike se(w̄) / w̄ it reveals a
 * sample that outweighs all others. NaN for one sample, and if all samples but one have density 0.
 *
 * Source: Efron and Stein 1981, The jackknife estimate of variance; Nowozin 2018, Debiasing evidence approximations.
 */
export function importanceBound(samples: readonly Float64Array[]): BoundEstimate {
  const K = samples.length;
  const count = samples[0]?.length ?? 0;
  const logProb = new Float64Array(count);
  const stdErr = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const logs = samples.map((draw) => nth(draw, i));
    const top = Math.max(...logs);
    logProb[i] = logSum(logs) - Math.log(K);
    const weights = logs.map((log) => Math.exp(log - top));
    const sum = weights.reduce((a, b) => a + b, 0);
    const largest = logs.indexOf(top);
    const without = weights.map((w, k) =>
      k === largest ? logSum(logs.toSpliced(k, 1)) - top : Math.log(sum - w),
    );
    const mean = without.reduce((a, b) => a + b, 0) / K;
    stdErr[i] = Math.sqrt(((K - 1) / K) * without.reduce((a, theta) => a + (theta - mean) ** 2, 0));
  }
  return { logProb, stdErr };
}

/** log Σ exp(log_k): −∞ if all samples have density 0. */
function logSum(logs: readonly number[]): number {
  const top = Math.max(...logs);
  if (top === Number.NEGATIVE_INFINITY) return top;
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0));
}
