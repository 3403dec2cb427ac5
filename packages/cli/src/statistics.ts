import { valueAt } from "./places.js";

function sumOf(values: ArrayLike<number>, of: (value: number) => number): number {
  return Array.from(values).reduce((sum, value) => sum + of(value), 0);
}

export const meanOf = (values: ArrayLike<number>): number => sumOf(values, (value) => value) / values.length;

/** The mean, and the standard deviation of all there are. */
export function meanAndSpread(values: ArrayLike<number>): { mean: number; std: number } {
  const mean = meanOf(values);
  return { mean, std: Math.sqrt(sumOf(values, (value) => (value - mean) ** 2) / values.length) };
}

/** The mean of a sample, and its standard error; NaN for a single one. */
export function meanWithError(values: ArrayLike<number>): { mean: number; stdErr: number } {
  const mean = meanOf(values);
  const variance = sumOf(values, (value) => (value - mean) ** 2) / (values.length - 1);
  return { mean, stdErr: Math.sqrt(variance / values.length) };
}

/** The value below which a share of ascending values lies, between two of them by interpolation. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const low = valueAt(ascending, below);
  return low + (place - below) * ((ascending[below + 1] ?? low) - low);
}

const largestOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** The place of the largest number. */
export const likeliest = (probabilities: ArrayLike<number>): number => {
  let best = 0;
  for (let k = 1; k < probabilities.length; k++)
    if (valueAt(probabilities, k) > valueAt(probabilities, best)) best = k;
  return best;
};

/** Densities in units of the largest of them, from their logarithms. */
export function weightsOf(logs: ArrayLike<number>): number[] {
  const top = largestOf(logs);
  return Array.from(logs, (log) => Math.exp(log - top));
}

/** log (Σ exp) / parts, stable: −∞ where all logarithms are. */
export function logSumExp(logs: ArrayLike<number>, parts = 1): number {
  const top = largestOf(logs);
  return top === Number.NEGATIVE_INFINITY
    ? top
    : top + Math.log(sumOf(logs, (log) => Math.exp(log - top)) / parts);
}

/** log mean exp: the log-density of a mixture in which all members have the same weight. */
export const logMean = (logs: ArrayLike<number>): number => logSumExp(logs, logs.length);

/** P(χ² ≥ x) with k degrees of freedom: Q(k/2, x/2), by its series or continued fraction (Press et al. 2007, section 6.2). */
export function chiSquaredTail(x: number, k: number): number {
  const [a, y] = [k / 2, x / 2];
  if (y <= 0) return 1;
  const front = Math.exp(-y + a * Math.log(y) - logGamma(a));
  if (y < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < 500 && term > sum * 1e-15; n++) {
      term *= y / (a + n);
      sum += term;
    }
    return 1 - sum * front;
  }
  let b = y + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 500; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return front * h;
}

/** log Γ(a) for whole and half numbers: from Γ(1) = 1 and Γ(½) = √π upwards. */
function logGamma(a: number): number {
  let log = a % 1 === 0 ? 0 : 0.5 * Math.log(Math.PI);
  for (let x = a % 1 === 0 ? 1 : 0.5; x < a; x++) log += Math.log(x);
  return log;
}
