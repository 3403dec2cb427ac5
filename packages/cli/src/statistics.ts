/** The sum of a function of numbers. */
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

/** The places of numbers, from the least to the largest; equal ones as they stand. */
export const ascendingPlaces = (values: ArrayLike<number>): number[] =>
  Array.from(values, (value, place) => ({ value, place }))
    .sort((a, b) => a.value - b.value || 0)
    .map(({ place }) => place);

const largestOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

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
