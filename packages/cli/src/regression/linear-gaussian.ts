import { normalCdf, normalQuantile, ridge } from "@flowify/core/internal";
import { valueAt } from "../places.js";
import { meanAndSpread, meanOf } from "../statistics.js";
import { Predictive } from "./predictive.js";

/** Smallest spread of a column, relative to its size. */
const CONSTANT = 1e-6;
/** Penalty of the slopes of standardized columns for each example, so that columns that depend on each other do no harm. */
const RIDGE = 1e-4;

/** N(a + b · (x − middle) / spread, std²): the regression that uncertainty is usually read from. */
export type LinearGaussian = Readonly<{
  level: number;
  slope: readonly number[];
  middle: readonly number[];
  /** null for a column that is constant. */
  spread: readonly (number | null)[];
  std: number;
}>;

/** Least squares with a constant variance. `given` are rows of `width` numbers, one after another. */
export function linearGaussian(
  given: ArrayLike<number>,
  width: number,
  values: ArrayLike<number>,
): LinearGaussian {
  const count = values.length;
  const places = Array.from({ length: width }, (_, k) => k);
  const rows = Array.from({ length: count }, (_, i) => places.map((k) => given[i * width + k] as number));
  const moments = places.map((k) => {
    const { mean: middle, std } = meanAndSpread(rows.map((row) => row[k] as number));
    return { middle, spread: std > CONSTANT * Math.abs(middle) ? std : null };
  });
  const level = meanOf(values);
  const model = {
    level,
    middle: moments.map(({ middle }) => middle),
    spread: moments.map(({ spread }) => spread),
  };
  const inputs = { data: rows.flatMap((row) => scaled(model, row)), columns: width };
  const slope = [...ridge(inputs, { data: values, columns: 1 }, RIDGE * count).slopes];
  const squares = rows.reduce(
    (sum, row, i) => sum + ((values[i] as number) - linearMean({ ...model, slope }, row)) ** 2,
    0,
  );
  const std = Math.sqrt(squares / Math.max(count - width - 1, 1));
  return { ...model, slope, std: Math.max(std, CONSTANT * Math.abs(level), CONSTANT) };
}

const scaled = (
  { middle, spread }: Pick<LinearGaussian, "middle" | "spread">,
  row: ArrayLike<number>,
): number[] =>
  middle.map((m, k) => {
    const s = spread[k] ?? null;
    return s === null ? 0 : ((row[k] as number) - m) / s;
  });

export const linearMean = (model: Omit<LinearGaussian, "std">, row: ArrayLike<number>): number =>
  scaled(model, row).reduce((sum, x, k) => sum + x * valueAt(model.slope, k), model.level);

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
