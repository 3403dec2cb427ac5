/** Rounds of expectation maximization at most, and the gain in nats an example below which another one brings nothing. */
const ROUNDS = 500;
const LEAST_GAIN = 1e-7;

/** Log-densities below this count as this: one example that a member finds impossible decides for all others otherwise. */
const LOWEST = -1e6;

/**
 * The weights of members under which held-out examples are most likely, by expectation maximization; `logs` has the log p
 * of an example by all members, one example after the other. Source: Smyth and Wolpert 1999 (stacked density estimation).
 */
export function stackedWeights(logs: readonly number[], members: number): number[] {
  const count = logs.length / members;
  // relative to the best member of each example
  const densities = Float64Array.from(logs, (log) => (Number.isNaN(log) ? LOWEST : Math.max(log, LOWEST)));
  for (let from = 0; from < densities.length; from += members) {
    const own = densities.subarray(from, from + members);
    const top = own.reduce((a, b) => Math.max(a, b));
    own.forEach((log, m) => (own[m] = Math.exp(log - top)));
  }
  let weights = new Array<number>(members).fill(1 / members);
  let before = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const shares = new Array<number>(members).fill(0);
    let total = 0;
    for (let from = 0; from < densities.length; from += members) {
      let sum = 0;
      for (let m = 0; m < members; m++) sum += weights[m]! * densities[from + m]!;
      total += Math.log(sum);
      for (let m = 0; m < members; m++) shares[m]! += (weights[m]! * densities[from + m]!) / sum;
    }
    weights = shares.map((share) => share / count);
    if (total - before < LEAST_GAIN * count) break;
    before = total;
  }
  return weights;
}
