/** Values of a robust space are clipped here: a single column cannot make a row arbitrarily far from all others. */
const CLIP = 8;

/** Interquartile range of a standard normal. */
const NORMAL_IQR = 1.349;

/** Rows as distances are taken in, [n, d] in and out. */
export type Space = (rows: Float32Array) => Float32Array;

/** The value below which a share of ascending values lies, between two of them by interpolation. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const low = ascending[below]!;
  return low + (place - below) * ((ascending[below + 1] ?? low) - low);
}

/** Middle and spread of ascending values, IQR / 1.349: mean and standard deviation where they are normal; the spread is 0 where half of them are equal. */
export const middleAndSpread = (ascending: ArrayLike<number>): { middle: number; spread: number } => ({
  middle: quantile(ascending, 0.5),
  spread: (quantile(ascending, 0.75) - quantile(ascending, 0.25)) / NORMAL_IQR,
});

function columnsOf(rows: Float32Array, width: number): Float64Array[] {
  const count = rows.length / width;
  return Array.from({ length: width }, (_, column) =>
    Float64Array.from({ length: count }, (__, i) => rows[i * width + column]!).sort(),
  );
}

const mapColumns =
  (maps: readonly ((value: number) => number)[]): Space =>
  (rows) =>
    rows.map((value, i) => maps[i % maps.length]!(value));

/** z = (x − median) / (IQR / 1.349) a column, clipped at ±8. A column without an IQR has its standard deviation, or 1. */
export function robustSpace(train: Float32Array, width: number): Space {
  return mapColumns(
    columnsOf(train, width).map((ascending) => {
      const { middle, spread } = middleAndSpread(ascending);
      const scale = spread || deviation(ascending) || 1;
      return (value) => Math.min(CLIP, Math.max(-CLIP, (value - middle) / scale));
    }),
  );
}

/** z = (x − mean) / std a column; a constant column has the scale 1. */
export function standardSpace(train: Float32Array, width: number): Space {
  return mapColumns(
    columnsOf(train, width).map((values) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const scale = deviation(values) || 1;
      return (value) => (value - mean) / scale;
    }),
  );
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Φ⁻¹ of the share of training values below, ties counted half: every column a standard normal. Beyond them it is constant. */
export function rankNormalSpace(train: Float32Array, width: number): Space {
  return mapColumns(
    columnsOf(train, width).map((ascending) => (value) => {
      const [below, upTo] = [bound(ascending, value, false), bound(ascending, value, true)];
      return normalQuantile(((below + upTo) / 2 + 0.5) / (ascending.length + 1));
    }),
  );
}

/** How many ascending values are below a value, or with `equal` at most that. */
function bound(ascending: Float64Array, value: number, equal: boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value || (equal && ascending[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The mean of two spaces. */
export const meanSpace =
  (a: Space, b: Space): Space =>
  (rows) => {
    const other = b(rows);
    return a(rows).map((value, i) => (value + other[i]!) / 2);
  };

const A = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
] as const;
const B = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
  1,
] as const;
const C = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
] as const;
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1] as const;

/** Where the central approximation ends. */
const TAIL = 0.02425;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** Φ⁻¹(p) for 0 < p < 1, to a relative 1.2e-9. Source: P. J. Acklam, "An algorithm for computing the inverse normal CDF" (2003). */
export function normalQuantile(p: number): number {
  if (p > 1 - TAIL) return -normalQuantile(1 - p);
  if (p < TAIL) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(C, q) / polynomial(D, q);
  }
  const q = p - 0.5;
  return (q * polynomial(A, q * q)) / polynomial(B, q * q);
}
