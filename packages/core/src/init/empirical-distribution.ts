/** A distribution function on [0, 1]. */
export type Distribution = (x: number) => number;

/** The part of the unit interval that each number is spread over, so that repeated ones are no infinite density. */
const SPREAD = 1e-5;

/** Numbers that are added to those seen, spread over the whole interval: what was never seen stays possible. */
const PSEUDO_COUNT = 0.5;

/** The distribution of numbers in [0, 1], sorted, each spread over a small interval, and a half of one over all of it. */
export function empiricalDistribution(sorted: Float32Array): Distribution {
  const count = sorted.length;
  const sums = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) sums[i + 1] = (sums[i] as number) + (sorted[i] as number);
  const raw = (x: number): number => {
    const [all, some] = [countBelow(sorted, x - SPREAD / 2), countBelow(sorted, x + SPREAD / 2)];
    // those within the interval count by how far x is through theirs
    const partly = some - all;
    const within = (partly * x - ((sums[some] as number) - (sums[all] as number))) / SPREAD + partly / 2;
    return all + within + PSEUDO_COUNT * x;
  };
  const [first, last] = [raw(0), raw(1)];
  return (x) => Math.min(Math.max((raw(x) - first) / (last - first), 0), 1);
}

/** How many of the sorted numbers are smaller than x. */
function countBelow(sorted: Float32Array, x: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
