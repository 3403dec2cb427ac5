import { chiSquaredTail } from "../../statistics.js";

/** How far two samples differ, from 0 to 1, and the probability of so much where both are of one distribution. */
export type TwoSample = Readonly<{ statistic: number; p: number }>;

/** Terms of the distribution of Kolmogorov: the next one is below 1e-15 where the sum is not 1. */
const TERMS = 100;

/**
 * D = sup |F − G| of two samples of numbers, and P(D or more) by the limit distribution. Values may repeat: then p is
 * too large, and errs on the safe side.
 *
 * Source: Kolmogorov 1933, Smirnov 1948; the correction of small samples of Stephens 1970.
 */
export function kolmogorovSmirnov(a: ArrayLike<number>, b: ArrayLike<number>): TwoSample {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  if (x.length === 0 || y.length === 0) return { statistic: 0, p: 1 };
  let [i, j, statistic] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i]!, y[j]!);
    while (i < x.length && x[i] === value) i++;
    while (j < y.length && y[j] === value) j++;
    statistic = Math.max(statistic, Math.abs(i / x.length - j / y.length));
  }
  const size = Math.sqrt((x.length * y.length) / (x.length + y.length));
  return { statistic, p: kolmogorovTail((size + 0.12 + 0.11 / size) * statistic) };
}

/** P(sup of a Brownian bridge ≥ x) = 2 Σ_k (−1)^(k−1) exp(−2 k² x²). */
function kolmogorovTail(x: number): number {
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= TERMS; k++) sum += (k % 2 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return Math.min(1, Math.max(0, sum));
}

/**
 * Total variation ½ Σ |p_k − q_k| of two tables of counts, and the p-value of the χ² test that both are of one distribution.
 *
 * Source: Pearson 1900.
 */
export function compareCounts(a: readonly number[], b: readonly number[]): TwoSample {
  const [m, n] = [total(a), total(b)];
  if (m === 0 || n === 0) return { statistic: 0, p: 1 };
  let [distance, chiSquared, used] = [0, 0, 0];
  a.forEach((count, k) => {
    const other = b[k]!;
    distance += Math.abs(count / m - other / n) / 2;
    const both = count + other;
    if (both === 0) return;
    used++;
    chiSquared += (count * Math.sqrt(n / m) - other * Math.sqrt(m / n)) ** 2 / both;
  });
  return { statistic: distance, p: used < 2 ? 1 : chiSquaredTail(chiSquared, used - 1) };
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
