/** Rounds of expectation maximization at most, and the gain in nats an example below which another one brings nothing. */
const ROUNDS = 500;
const LEAST_GAIN = 1e-7;

/** Log-densities below this count as this: one example that a member finds impossible decides for all others otherwise. */
export const LOWEST = -1e6;

/**
 * The weights of members under which held-out examples are most likely, by expectation maximization; `logs` has the log p
 * of an example by all members, one example after the other. Source: Smyth and Wolpert 1999 (stacked density estimation).
 */
export function stackedWeights(logs: readonly number[], members: number): number[] {
  const count = logs.length / members;
  const densities = relative(logs, members);
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

/** Densities of each example, relative to that of its best member. */
function relative(logs: readonly number[], members: number): Float64Array {
  const densities = Float64Array.from(logs, (log) => (Number.isNaN(log) ? LOWEST : Math.max(log, LOWEST)));
  for (let from = 0; from < densities.length; from += members) {
    const own = densities.subarray(from, from + members);
    const top = own.reduce((a, b) => Math.max(a, b));
    own.forEach((log, m) => (own[m] = Math.exp(log - top)));
  }
  return densities;
}

/** Standard errors by which a mean must be below 1. */
const SURE = 1;

/**
 * Which members hardly have a place in the mixture of these weights. A weight that grows makes the examples likelier as long as the mean
 * of p_m / Σ w_k p_k over them is above 1.
 */
export function losingMembers(logs: readonly number[], weights: readonly number[]): boolean[] {
  const members = weights.length;
  const count = logs.length / members;
  const densities = relative(logs, members);
  const sums = weights.map(() => ({ first: 0, second: 0 }));
  for (let from = 0; from < densities.length; from += members) {
    const whole = weights.reduce((sum, weight, m) => sum + weight * densities[from + m]!, 0);
    for (const [m, sum] of sums.entries()) {
      const ratio = densities[from + m]! / whole;
      sum.first += ratio;
      sum.second += ratio ** 2;
    }
  }
  return sums.map(({ first, second }) => {
    const mean = first / count;
    return mean + SURE * Math.sqrt(Math.max(second / count - mean ** 2, 0) / count) < 1;
  });
}
