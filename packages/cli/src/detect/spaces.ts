import { normalQuantile } from "./normal-quantile.js";

/** Values of a robust space are clipped here: a single column cannot make a row arbitrarily far from all others. */
export const CLIP = 8;

/** Interquartile range of a standard normal. */
const NORMAL_IQR = 1.349;

/** Knots of a column's map to normal ranks: as many values, or quantiles where there are more. */
export const KNOTS = 256;

/** What brings columns to a common scale, by training rows; arrays of a number a column, knots [width, KNOTS]. */
export type Spaces = Readonly<{
  width: number;
  mean: Float32Array;
  /** Standard deviations, 1 for a constant column. */
  std: Float32Array;
  median: Float32Array;
  /** IQR / 1.349; where it is 0 the standard deviation. */
  spread: Float32Array;
  /** Ascending values; the last one is repeated where there are fewer. */
  knots: Float32Array;
  /** Normal quantiles of their ranks. */
  normals: Float32Array;
}>;

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

/** The spaces of training rows [n, width]. */
export function findSpaces(training: Float32Array, width: number): Spaces {
  const numbers = () => new Float32Array(width);
  const [mean, std, median, spread] = [numbers(), numbers(), numbers(), numbers()];
  const [knots, normals] = [new Float32Array(width * KNOTS), new Float32Array(width * KNOTS)];
  const column = new Float64Array(training.length / width);
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < column.length; i++) column[i] = training[i * width + c]!;
    column.sort();
    const found = middleAndSpread(column);
    mean[c] = column.reduce((sum, value) => sum + value, 0) / column.length;
    const deviation = Math.sqrt(
      column.reduce((sum, value) => sum + (value - mean[c]!) ** 2, 0) / column.length,
    );
    std[c] = deviation || 1;
    median[c] = found.middle;
    spread[c] = found.spread || std[c]!;
    const ranks = normalRanks(column);
    for (let k = 0; k < KNOTS; k++) {
      const { value, normal } = ranks[Math.min(k, ranks.length - 1)]!;
      knots[c * KNOTS + k] = value;
      normals[c * KNOTS + k] = normal;
    }
  }
  return { width, mean, std, median, spread, knots, normals };
}

/** Different values, ascending, with Φ⁻¹ of the share of values below, ties counted half; at most KNOTS, dense in the tails. */
function normalRanks(ascending: Float64Array): { value: number; normal: number }[] {
  const all: { value: number; normal: number }[] = [];
  for (let begin = 0, end = 0; begin < ascending.length; begin = end) {
    while (end < ascending.length && ascending[end] === ascending[begin]) end++;
    const normal = normalQuantile(((begin + end) / 2 + 0.5) / (ascending.length + 1));
    all.push({ value: ascending[begin]!, normal });
  }
  if (all.length <= KNOTS) return all;
  const [low, high] = [all[0]!.normal, all.at(-1)!.normal];
  let next = 0;
  return all.filter(({ normal }, i) => {
    const wanted = low + (next / (KNOTS - 1)) * (high - low);
    if (normal < wanted && i < all.length - 1) return false;
    while (next < KNOTS && low + (next / (KNOTS - 1)) * (high - low) <= normal) next++;
    return true;
  });
}

/** Rows as distances are taken in, [n, width] in and out. */
export type Space = (spaces: Spaces, rows: Float32Array) => Float32Array;

/** Rows [n, width] by a function of each column. */
function byColumn(
  rows: Float32Array,
  width: number,
  mapOf: (column: number) => (value: number) => number,
): Float32Array {
  const out = new Float32Array(rows.length);
  for (let c = 0; c < width; c++) {
    const map = mapOf(c);
    for (let at = c; at < rows.length; at += width) out[at] = map(rows[at]!);
  }
  return out;
}

/** z = (x − mean) / std. */
export const standardSpace: Space = ({ width, mean, std }, rows) =>
  byColumn(rows, width, (c) => {
    const [middle, scale] = [mean[c]!, std[c]!];
    return (value) => (value - middle) / scale;
  });

/** z = (x − median) / spread, clipped at ±8. */
export const robustSpace: Space = ({ width, median, spread }, rows) =>
  byColumn(rows, width, (c) => {
    const [middle, scale] = [median[c]!, spread[c]!];
    return (value) => Math.min(CLIP, Math.max(-CLIP, (value - middle) / scale));
  });

/** z = the normal quantile of the rank among training values, linear between knots and constant beyond them. */
export const rankNormalSpace: Space = ({ width, knots, normals }, rows) =>
  byColumn(rows, width, (c) =>
    rankOf(knots.subarray(c * KNOTS, (c + 1) * KNOTS), normals.subarray(c * KNOTS)),
  );

const rankOf =
  (knots: Float32Array, normals: Float32Array) =>
  (value: number): number => {
    let [low, high] = [0, KNOTS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (knots[middle]! < value) low = middle + 1;
      else high = middle;
    }
    const before = Math.max(0, low - 1);
    const step = knots[low]! - knots[before]!;
    if (!(step > 0)) return normals[low]!;
    const share = Math.min(1, Math.max(0, (value - knots[before]!) / step));
    return normals[before]! + share * (normals[low]! - normals[before]!);
  };

/** The mean of the robust and the rank-normal space. */
export const mixedSpace: Space = (spaces, rows) => {
  const ranks = rankNormalSpace(spaces, rows);
  return robustSpace(spaces, rows).map((value, i) => (value + ranks[i]!) / 2);
};
