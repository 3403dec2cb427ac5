import { normalCdf, normalQuantile, solve } from "@flowify/core/internal";
import { Predictive } from "./predictive.js";

/** Smallest spread of a column, relative to its size. */
const CONSTANT = 1e-6;
/** Added to the diagonal of the covariance of standardized columns, so that columns that depend on each other do no harm. */
const RIDGE = 1e-4;

/** N(a + b · x, s²): the regression that uncertainty is usually read from. */
export type LinearGaussian = Readonly<{
  mean(row: ArrayLike<number>): number;
  std: number;
}>;

/** Least squares with a constant variance. `given` are rows of `width` numbers, one after another. */
export function linearGaussian(
  given: ArrayLike<number>,
  width: number,
  values: ArrayLike<number>,
): LinearGaussian {
  const count = values.length;
  const at = (row: number, k: number): number => given[row * width + k] as number;
  const middle = new Float64Array(width);
  const spread = new Float64Array(width);
  for (let k = 0; k < width; k++) {
    for (let i = 0; i < count; i++) middle[k]! += at(i, k) / count;
    for (let i = 0; i < count; i++) spread[k]! += (at(i, k) - middle[k]!) ** 2 / count;
    const std = Math.sqrt(spread[k]!);
    spread[k] = std > CONSTANT * Math.abs(middle[k]!) ? std : Number.POSITIVE_INFINITY;
  }
  const level = Array.from(values).reduce((a, b) => a + b, 0) / count;
  const scaled = (row: number, k: number): number => (at(row, k) - middle[k]!) / spread[k]!;
  const square = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < width; k++) {
      right[k]! += (scaled(i, k) * ((values[i] as number) - level)) / count;
      for (let l = 0; l < width; l++) square[k * width + l]! += (scaled(i, k) * scaled(i, l)) / count;
    }
  for (let k = 0; k < width; k++) square[k * width + k]! += RIDGE;
  const slope = solve({ rows: width, columns: width, data: square }, right);
  const mean = (row: ArrayLike<number>): number =>
    slope.reduce((sum, b, k) => sum + (b * ((row[k] as number) - middle[k]!)) / spread[k]!, level);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const row = Array.from({ length: width }, (_, k) => at(i, k));
    squares += ((values[i] as number) - mean(row)) ** 2;
  }
  const std = Math.sqrt(squares / Math.max(count - width - 1, 1));
  return { mean, std: Math.max(std, CONSTANT * Math.abs(level), Number.MIN_VALUE) };
}

/** log N(value; mean, std²), or of values on a grid the probability of its cell. */
export function gaussianLog(value: number, mean: number, std: number, step?: number): number {
  const z = (value - mean) / std;
  const density = -0.5 * z * z - Math.log(std * Math.sqrt(2 * Math.PI));
  if (step === undefined) return density;
  const half = step / 2 / std;
  // far out, where both are 0 in double precision, the cell has the density of its middle
  const mass = normalCdf(Math.abs(z) * -1 + half) - normalCdf(-Math.abs(z) - half);
  return mass > 0 ? Math.log(mass) : density + Math.log(step);
}

/** N(mean, std²) as equally likely values. */
export const gaussianPredictive = (mean: number, std: number, points: number): Predictive =>
  new Predictive(
    Float64Array.from({ length: points }, (_, i) => mean + std * normalQuantile((i + 0.5) / points)),
  );
