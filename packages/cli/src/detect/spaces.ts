import { HostArray } from "@flowify/core";
import { normalQuantile } from "@flowify/core/internal";
import { numpy as np } from "@jax-js/jax";
import { lastOf, valueAt } from "../places.js";
import { quantile } from "../statistics.js";

/** Values of a robust space are clipped here: a single column cannot make a row arbitrarily far from all others. */
const CLIP = 8;

/** Interquartile range of a standard normal. */
const NORMAL_IQR = 1.349;

/** Knots of a column's map to normal ranks: as many values, or quantiles where there are more. */
export const KNOTS = 256;

/** Ends of the range of a column that varies less than it may, in its least deviations from the median. */
const RANGE = 3;

/** What brings columns to a common scale, by training rows; arrays of a number a column, knots [width, KNOTS]. */
export type Spaces = Readonly<{
  width: number;
  mean: Float32Array;
  /** Standard deviations, 1 for a constant column. */
  std: Float32Array;
  median: Float32Array;
  /** IQR / 1.349; where it is 0 the standard deviation, and of a constant code, without least deviations, as if one row had the other value. */
  spread: Float32Array;
  /** Least and greatest values, 0 and 1 at least where no others occur, as for codes. */
  low: Float32Array;
  high: Float32Array;
  /** Ascending values; the last one is repeated where there are fewer. */
  knots: Float32Array;
  /** Normal quantiles of their ranks. */
  normals: Float32Array;
}>;

/** Middle and spread of ascending values, IQR / 1.349: mean and standard deviation where they are normal; the spread is 0 where half of them are equal. */
export const middleAndSpread = (ascending: ArrayLike<number>): { middle: number; spread: number } => ({
  middle: quantile(ascending, 0.5),
  spread: (quantile(ascending, 0.75) - quantile(ascending, 0.25)) / NORMAL_IQR,
});

/** The spaces of training rows [n, width]. @param least the least deviation of each column: what varies less hardly counts */
export function findSpaces(training: Float32Array, width: number, least?: ArrayLike<number>): Spaces {
  const numbers = () => new Float32Array(width);
  const [mean, std, median, spread] = [numbers(), numbers(), numbers(), numbers()];
  const [low, high] = [numbers(), numbers()];
  const [knots, normals] = [new Float32Array(width * KNOTS), new Float32Array(width * KNOTS)];
  const column = new Float64Array(training.length / width);
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < column.length; i++) column[i] = training[i * width + c]!;
    column.sort();
    const found = middleAndSpread(column);
    const middle = Math.fround(found.middle);
    const average = Math.fround(column.reduce((sum, value) => sum + value, 0) / column.length);
    const isCode = column.every((value) => value === 0 || value === 1);
    const deviation = Math.fround(
      Math.sqrt(column.reduce((sum, value) => sum + (value - average) ** 2, 0) / column.length) || 1,
    );
    const [first, last] = isCode ? [0, 1] : [valueAt(column, 0), lastOf(column)];
    const floor = least?.[c] ?? 0;
    mean[c] = average;
    std[c] = Math.max(deviation, floor);
    median[c] = middle;
    const isConstant = column[0] === lastOf(column);
    const rare = isCode && isConstant && !least ? Math.sqrt(1 / (column.length + 1)) : deviation;
    spread[c] = Math.max(Math.fround(found.spread || rare), floor);
    low[c] = Math.min(first, middle - RANGE * floor);
    high[c] = Math.max(last, middle + RANGE * floor);
    const ranks = normalRanks(column);
    for (let k = 0; k < KNOTS; k++) {
      const { value, normal } = valueAt(ranks, Math.min(k, ranks.length - 1));
      knots[c * KNOTS + k] = value;
      normals[c * KNOTS + k] = normal;
    }
  }
  return { width, mean, std, median, spread, low, high, knots, normals };
}

/** Different values, ascending, with Φ⁻¹ of the share of values below, ties counted half; at most KNOTS, dense in the tails. */
function normalRanks(ascending: Float64Array): { value: number; normal: number }[] {
  const all: { value: number; normal: number }[] = [];
  for (let begin = 0, end = 0; begin < ascending.length; begin = end) {
    while (end < ascending.length && ascending[end] === ascending[begin]) end++;
    const normal = normalQuantile(((begin + end) / 2 + 0.5) / (ascending.length + 1));
    all.push({ value: valueAt(ascending, begin), normal });
  }
  if (all.length <= KNOTS) return all;
  const [low, high] = [valueAt(all, 0).normal, lastOf(all).normal];
  let next = 0;
  return all.filter(({ normal }, i) => {
    const wanted = low + (next / (KNOTS - 1)) * (high - low);
    if (normal < wanted && i < all.length - 1) return false;
    while (next < KNOTS && low + (next / (KNOTS - 1)) * (high - low) <= normal) next++;
    return true;
  });
}

/** The arrays of the spaces on a device: of a number a column, knots one column after another. */
export type SpaceArrays<T> = Readonly<Record<Exclude<keyof Spaces, "width">, T>>;

export function spaceArrays(spaces: Spaces): SpaceArrays<HostArray> {
  const { width: _, ...columns } = spaces;
  const arrays = Object.entries(columns).map(([name, data]) => [
    name,
    new HostArray(data, [data.length], np.float32),
  ]);
  return Object.fromEntries(arrays) as SpaceArrays<HostArray>;
}

/** Rows as distances are taken in, [n, width] in and out. Consumes the rows, and borrows the arrays. */
export type Space = (arrays: SpaceArrays<np.Array>, x: np.Array) => np.Array;

export const standardSpace: Space = ({ mean, std }, x) => x.sub(mean.ref).div(std.ref);

/** z = (x − median) / spread, clipped at ±8. */
export const robustSpace: Space = ({ median, spread }, x) =>
  np.clip(x.sub(median.ref).div(spread.ref), -CLIP, CLIP);

/**
 * z = the normal quantile of the rank among training values, linear between knots and constant beyond them. The knot
 * before each value is found by halves.
 */
export const rankNormalSpace: Space = ({ knots, normals }, x) => {
  const width = x.shape[1] as number;
  const first = np.arange(0, width * KNOTS, KNOTS, { dtype: np.int32 }).reshape([1, width]);
  let place = first.ref;
  for (let step = KNOTS / 2; step >= 1; step /= 2) {
    const below = np.take(knots.ref, place.ref.add(step - 1));
    place = np.where(np.less(below, x.ref), place.ref.add(step), place);
  }
  const before = np.maximum(place.ref.sub(1), first);
  const [from, low] = [np.take(knots.ref, before.ref), np.take(normals.ref, before)];
  const step = np.take(knots.ref, place.ref).sub(from.ref);
  const rise = np.take(normals.ref, place).sub(low.ref);
  const isStep = np.greater(step.ref, 0);
  const share = np.clip(x.sub(from).div(np.where(isStep.ref, step, 1)), 0, 1);
  return low.add(rise.mul(np.where(isStep, share, 1)));
};

/** The mean of the robust and the rank-normal space. */
export const mixedSpace: Space = (arrays, x) =>
  robustSpace(arrays, x.ref).add(rankNormalSpace(arrays, x)).mul(0.5);

/** Values beyond the range of training count from this share of the distance between the median and the end of the range on. */
const NEARLY = 0.25;

/**
 * Σ_c (e_c − ¼)⁺, [B]: e_c is how far a value lies beyond the training values of its column, in units of the distance
 * between their median and their end on this side.
 */
export function beyondRange({ low, high, median, std }: SpaceArrays<np.Array>, x: np.Array): np.Array {
  const reach = (end: np.Array): np.Array => {
    const distance = np.abs(end.sub(median.ref));
    return np.where(np.greater(distance.ref, 0), distance, std.ref);
  };
  const above = x.ref.sub(high.ref).div(reach(high.ref));
  const below = low.ref.sub(x).div(reach(low.ref));
  return np.sum(np.maximum(np.maximum(above, below).sub(NEARLY), 0), 1);
}
