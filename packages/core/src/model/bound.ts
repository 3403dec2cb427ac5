/** log (1/K) Σ p_k for every item, and its standard error over the draws, both in nats. */
export type BoundEstimate = Readonly<{ logProb: Float64Array; stdErr: Float64Array }>;

/**
 * The importance-weighted bound from K draws of log p_k: log-mean-exp in stable form. Its standard
 * error is that of the mean weight by the delta method, se(log w̄) = se(w̄) / w̄; NaN for one draw.
 */
export function importanceBound(draws: readonly Float64Array[]): BoundEstimate {
  const K = draws.length;
  const count = draws[0]?.length ?? 0;
  const logProb = new Float64Array(count);
  const stdErr = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const logs = draws.map((draw) => draw[i] as number);
    const top = Math.max(...logs);
    if (top === Number.NEGATIVE_INFINITY) {
      logProb[i] = top; // no draw gives it any density
      stdErr[i] = Number.NaN;
      continue;
    }
    const weights = logs.map((log) => Math.exp(log - top));
    const mean = weights.reduce((a, b) => a + b, 0) / K;
    const variance = weights.reduce((a, w) => a + (w - mean) ** 2, 0) / (K - 1);
    logProb[i] = top + Math.log(mean);
    stdErr[i] = Math.sqrt(variance / K) / mean;
  }
  return { logProb, stdErr };
}
