import { LEAST_SIZE } from "../math/entry-splines.js";
import { normalCdf, normalDensity, normalQuantile } from "../math/normal.js";
import { sizeOf } from "../shape.js";
import { adaptiveHistogram, densityOf, type HistogramBin, jumps } from "./adaptive-histogram.js";
import type { CalibrationData } from "./calibration-data.js";
import type { Distribution } from "./empirical-distribution.js";
import { curveThrough, type Knot } from "./knot-curve.js";
import {
  type Edged,
  likelyDistribution,
  ownDistribution,
  type Splines,
  whereItIs,
} from "./likely-distribution.js";

/** Most numbers held at once: columns are processed in groups, with one pass over the examples per group. */
const AT_ONCE = 2 ** 24;

/** Width of the narrow bin that takes a jump of the density, as a share of the sparser of the two bins beside it. */
const TRANSITION = 0.005;

/** Minimum and width of a range of numbers. */
export type Range = Readonly<{ low: number; length: number }>;

/**
 * The range of each channel, the first axis of an example. A constant channel gets a range of width 1 around its value.
 */
export async function rangesOf(examples: CalibrationData, channels: number): Promise<Range[]> {
  const low = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  const each = sizeOf(examples.shape) / channels;
  for await (const data of examples.parts())
    for (let from = 0; from < data.length; from += each) {
      const c = (from / each) % channels;
      for (let i = from; i < from + each; i++) {
        const value = data[i] as number;
        if (value < (low[c] as number)) low[c] = value;
        if (value > (high[c] as number)) high[c] = value;
      }
    }
  return Array.from(low, (from, c) => {
    const length = (high[c] as number) - from;
    return length > 0 ? { low: from, length } : { low: from - 0.5, length: 1 };
  });
}

/** The sorted numbers of each column of rows [n], column by column. */
export async function* sortedColumns(rows: CalibrationData, n: number): AsyncGenerator<Float32Array> {
  const atOnce = Math.max(1, Math.floor(AT_ONCE / rows.count));
  for (let begin = 0; begin < n; begin += atOnce) {
    const columns = Array.from({ length: Math.min(atOnce, n - begin) }, () => new Float32Array(rows.count));
    let row = 0;
    for await (const data of rows.parts()) {
      const count = data.length / n;
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c] as Float32Array;
        for (let r = 0; r < count; r++) column[row + r] = data[r * n + begin + c] as number;
      }
      row += count;
    }
    for (const column of columns) yield column.sort();
  }
}

/** From so many numbers on, the knots of a spline have enough of them between each other as they are. */
const MANY = 5000;

/** The end of a bin and its image; both axes are the unit interval. */
type End = Readonly<{ x: number; y: number }>;

/**
 * The spline of the unit interval that maps the distribution of these sorted numbers to a normal distribution truncated
 * to ± bound, scaled to [0, 1]: logs of widths and heights [bins] and of inner derivatives [bins − 1]. With `smooth`, a few
 * numbers count as drawn from a smooth distribution.
 */
export function marginalSpline(
  sorted: Float32Array,
  bins: number,
  bound: number,
  smooth: boolean,
): { widths: number[]; heights: number[]; logDerivatives: number[] } {
  const splines: Splines = {
    edges: (distribution, count) => edgesWithTransitions(distribution, bins, count),
    logDensity(of) {
      const curve = curveThrough(knotsOf(of, bins, bound));
      return (x) => {
        const { y, slope } = curve(x);
        return Math.log(normalDensity((2 * y - 1) * bound) * slope);
      };
    },
  };
  const find = smooth && sorted.length < MANY ? likelyDistribution : ownDistribution;
  const knots = knotsOf(find(sorted, splines), bins, bound);
  return {
    widths: logSteps(knots.map(({ x }) => x)),
    heights: logSteps(knots.map(({ y }) => y)),
    logDerivatives: knots.slice(1, -1).map(({ slope }) => Math.log(slope)),
  };
}

/** The knots of the spline for a distribution. */
function knotsOf({ distribution, edges }: Edged, bins: number, bound: number): Knot[] {
  const edge = normalCdf(-bound);
  const inside = 1 - 2 * edge;
  const image: Distribution = (x) =>
    x <= 0 || x >= 1 ? x : 0.5 + normalQuantile(edge + distribution(x) * inside) / (2 * bound);
  const given = edges.map((x) => ({ x, y: image(x) }));
  const ends = refined(given, bins, image);
  const densities = ends.slice(1).map(({ x }, k) => {
    const a = (ends[k] as End).x;
    return densityOf({ a, b: x, mass: distribution(x) - distribution(a) });
  });
  return ends.map(({ x, y }, k) => {
    const [l, r] = [densities[k - 1], densities[k]];
    if (l === undefined || r === undefined) return { x, y, slope: 1 }; // as outside of the interval
    // the narrow bin at a jump takes the change of density: its dense end has the density of the next bin
    const here = jumps(l, r) ? Math.max(l, r) : Math.sqrt(l * r);
    return { x, y, slope: (here * inside) / (2 * bound * normalDensity((2 * y - 1) * bound)) };
  });
}

/** The edges of a histogram and of the narrow bins at its jumps: at most `most` bins together. */
function edgesWithTransitions(distribution: Distribution, most: number, count: number): number[] {
  for (let bins = Math.ceil(most / 2); ; bins--) {
    const edges = withTransitions(adaptiveHistogram(distribution, bins, count));
    if (edges.length <= most + 1 || bins === 1) return edges.length <= most + 1 ? edges : [0, 1];
  }
}

/** The edges of a histogram, with those of a narrow bin at each jump of the density (the density of the tails is 1). */
function withTransitions(bins: readonly HistogramBin[]): number[] {
  const edges: number[] = [];
  for (let i = 0; i <= bins.length; i++) {
    const [left, right] = [bins[i - 1], bins[i]];
    const [l, r] = [left ? densityOf(left) : 1, right ? densityOf(right) : 1];
    const narrow = !left || (right && l > r) ? right : left;
    const width = narrow && jumps(l, r) ? TRANSITION * (narrow.b - narrow.a) : 0;
    const at = left ? left.b : 0;
    if (width > 0 && narrow === left) edges.push(at - width);
    edges.push(at);
    if (width > 0 && narrow === right) edges.push(at + width);
  }
  return edges;
}

/** Uses the remaining bins where the curve rises most: repeatedly halves the bin with the largest rise. */
function refined(given: readonly End[], bins: number, image: Distribution): End[] {
  const knots = [...given];
  const rise = (k: number): number => (knots[k] as End).y - (knots[k - 1] as End).y;
  while (knots.length <= bins) {
    let k = 1;
    for (let i = 2; i < knots.length; i++) if (rise(i) > rise(k)) k = i;
    const [from, to] = [knots[k - 1], knots[k]] as [End, End];
    const x = whereItIs((from.y + to.y) / 2, image, from.x, to.x);
    knots.splice(k, 0, { x, y: image(x) });
  }
  return knots;
}

/** Logs of the steps from each number to the next, as parts of their sum; none below a few times the floor. */
function logSteps(ends: readonly number[]): number[] {
  const sizes = ends.slice(1).map((x, k) => Math.max(x - (ends[k] as number), 4 * LEAST_SIZE));
  const total = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((size) => Math.log(size / total));
}
