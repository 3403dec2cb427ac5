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
import { sortNumbers } from "./sort-numbers.js";

/** Most numbers held at once: columns are processed in groups, with one pass over the examples per group. */
const AT_ONCE = 2 ** 24;

/** From so many numbers on, the knots of a spline have enough of them between each other as they are. */
const MANY = 5000;

/** Least width of a bin. */
const NARROWEST = 4 * LEAST_SIZE;

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

/** Room on a side where a range has no hard edge, as a share of the range; the strip in which an edge is looked for. */
const MARGIN = 0.05;
const STRIP = 0.1;

/** Fewer numbers in the strip show no edge. */
const LEAST_AT_EDGE = 12;

/** At a hard edge there are at least so many numbers as in the next strip, as a share. */
const AS_DENSE = 0.75;

/** Mean distances between the first numbers at a hard edge that the range has beyond them: others lie there. */
const GAPS = 2;
const FIRST = 5;

/** Whether sorted numbers are as dense at an end of their range as next to it: below and above. */
function hardEdges({ low, length }: Range, sorted: Float32Array): [boolean, boolean] {
  const [strip, high] = [STRIP * length, low + length];
  const between = (a: number, b: number): number =>
    sorted.reduce((sum, x) => sum + Number(x >= a && x <= b), 0);
  const isHard = (atEdge: number, next: number): boolean =>
    atEdge >= LEAST_AT_EDGE && atEdge >= AS_DENSE * next;
  return [
    isHard(between(low, low + strip), between(low + strip, low + 2 * strip)),
    isHard(between(high - strip, high), between(high - 2 * strip, high - strip)),
  ];
}

/** The range of a few sorted numbers, with room on the sides on which others are to be expected; that of a hard edge ends at 0. */
export function withMargins(range: Range, sorted: Float32Array): Range {
  const { low, length } = range;
  if (sorted.length >= MANY) return range;
  const [below, above] = hardEdges(range, sorted);
  const gap = (from: number, to: number): number => (GAPS * (sorted.at(to)! - sorted.at(from)!)) / FIRST;
  const room = below ? gap(0, FIRST) : MARGIN * length;
  const left = below && low >= 0 ? Math.min(room, low) : room;
  const right = above ? gap(-1 - FIRST, -1) : MARGIN * length;
  return { low: low - left, length: length + left + right };
}

/** Standard deviations of a normal distribution between its quartiles. */
const QUARTILES = 1.349;

/** Share of sorted numbers between a hard edge and the place from which on their logarithms count. */
const AT_EDGE = 0.01;

/**
 * The centre c and spread s of sorted numbers for asinh((x − c) / s): median and quartiles, and where they are dense at an edge
 * that edge, and how far a hundredth of them reaches from it. So amounts over many decades become their logarithms.
 */
export function bentScale(sorted: Float32Array): Readonly<{ centre: number; spread: number }> {
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const [low, high] = [at(0), at(1)];
  const range = { low, length: high - low };
  const reach = [at(AT_EDGE) - low, high - at(1 - AT_EDGE)] as const;
  const isHard = hardEdges(range, sorted);
  const side = isHard[0] && (!isHard[1] || reach[0] <= reach[1]) ? 0 : 1;
  if (isHard[side] && reach[side] > 0) return { centre: side === 0 ? low : high, spread: reach[side] };
  const spread = (at(0.75) - at(0.25)) / QUARTILES;
  return { centre: at(0.5), spread: spread || range.length || 1 };
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
    for (const column of columns) yield sortNumbers(column);
  }
}

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
  const few = smooth && sorted.length < MANY;
  const splines: Splines = {
    edges: (distribution, count) => edgesWithTransitions(distribution, bins, count),
    logDensity(of) {
      const curve = curveThrough(knotsOf(of, bins, bound, few));
      return (x) => {
        const { y, slope } = curve(x);
        return Math.log(normalDensity((2 * y - 1) * bound) * slope);
      };
    },
  };
  const find = few ? likelyDistribution : ownDistribution;
  const knots = knotsOf(find(sorted, splines), bins, bound, few);
  return {
    widths: logSteps(knots.map(({ x }) => x)),
    heights: logSteps(knots.map(({ y }) => y)),
    logDerivatives: knots.slice(1, -1).map(({ slope }) => Math.log(slope)),
  };
}

/** The knots of the spline for a distribution. */
function knotsOf({ distribution, edges }: Edged, bins: number, bound: number, smooth: boolean): Knot[] {
  const edge = normalCdf(-bound);
  const inside = 1 - 2 * edge;
  const image: Distribution = (x) =>
    x <= 0 || x >= 1 ? x : 0.5 + normalQuantile(edge + distribution(x) * inside) / (2 * bound);
  const given = edges.map((x) => ({ x, y: image(x) }));
  // a flank of a part before a gap has much of the mass and little of the image
  const size = ({ x, y }: End): number => (smooth ? y + distribution(x) : y);
  const between = (from: End, to: End): End => {
    // where the image is in the middle, without the quantile function
    const mass = (normalCdf((from.y + to.y - 1) * bound) - edge) / inside;
    const wanted = whereItIs(mass, distribution, from.x, to.x);
    const x = smooth ? Math.min(Math.max(wanted, from.x + NARROWEST), to.x - NARROWEST) : wanted;
    return { x, y: image(x) };
  };
  const ends = refined(given, bins, size, { between, least: smooth ? 2 * NARROWEST : 0 });
  const densities = ends.slice(1).map(({ x }, k) => {
    const a = (ends[k] as End).x;
    return densityOf({ a, b: x, mass: distribution(x) - distribution(a) });
  });
  return ends.map(({ x, y }, k) => {
    const [l, r] = [densities[k - 1], densities[k]];
    if (l === undefined || r === undefined) return { x, y, slope: 1 }; // as outside of the interval
    // the narrow bin at a jump takes the change of density: its dense end has the density of the next bin
    const jumping = jumps(l, r);
    const here = jumping ? Math.max(l, r) : Math.sqrt(l * r);
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

/** Uses the remaining bins where the curve rises most: repeatedly divides the bin, wide enough, with the largest rise in size. */
function refined(
  given: readonly End[],
  bins: number,
  size: (end: End) => number,
  { between, least }: Readonly<{ between: (from: End, to: End) => End; least: number }>,
): End[] {
  const knots = [...given];
  const sizes = knots.map(size);
  while (knots.length <= bins) {
    let [k, most] = [1, -1];
    for (let i = 1; i < knots.length; i++) {
      const rise = sizes[i]! - sizes[i - 1]!;
      if (rise > most && knots[i]!.x - knots[i - 1]!.x >= least) [k, most] = [i, rise];
    }
    const knot = between(knots[k - 1] as End, knots[k] as End);
    knots.splice(k, 0, knot);
    sizes.splice(k, 0, size(knot));
  }
  return knots;
}

/** Logs of the steps from each number to the next, as parts of their sum; none below a few times the floor. */
function logSteps(ends: readonly number[]): number[] {
  const sizes = ends.slice(1).map((x, k) => Math.max(x - (ends[k] as number), NARROWEST));
  const total = sizes.reduce((a, b) => a + b, 0);
  return sizes.map((size) => Math.log(size / total));
}
