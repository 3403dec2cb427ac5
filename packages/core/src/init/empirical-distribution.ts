/** A distribution function on [0, 1]. */
export type Distribution = (x: number) => number;

/** Width over which each number is spread, so that repeated numbers have no infinite density. */
const SPREAD = 1e-5;

/** Pseudo-count, spread over the whole interval, so that unseen values have a positive density. */
const PSEUDO_COUNT = 0.5;

/**
 * The distribution of sorted numbers in [0, 1], each spread over a small interval, plus half a count over the whole
 * interval.
 */
export function empiricalDistribution(sorted: Float32Array): Distribution {
  const count = sorted.length;
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] as number) + (sorted[i] as number);
  const raw = (x: number): number => {
    const [all, some] = [countBelow(sorted, x - SPREAD / 2), countBelow(sorted, x + SPREAD / 2)];
    // numbers whose interval contains x count by the share of it below x
    const partly = some - all;
    const within = (partly * x - ((sums[some] as number) - (sums[all] as number))) / SPREAD + partly / 2;
    return all + within + PSEUDO_COUNT * x;
  };
  const [first, last] = [raw(0), raw(1)];
  return (x) => Math.min(Math.max((raw(x) - first) / (last - first), 0), 1);
}

/** Number of the sorted numbers below x. */
export function countBelow(sorted: Float32Array | Float64Array, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
