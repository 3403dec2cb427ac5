import { normalCdf } from "../math/normal.js";
import { makeRng } from "../math/rng.js";
import { jumps } from "./adaptive-histogram.js";
import { type Distribution, empiricalDistribution } from "./empirical-distribution.js";
import { curveThrough, type Knot } from "./knot-curve.js";

/** A distribution, and the edges between which it is smooth. */
export type Edged = Readonly<{ distribution: Distribution; edges: readonly number[] }>;

/** What a spline makes of distributions. */
export type Splines = Readonly<{
  /** The edges of a histogram of a distribution of so many numbers. */
  edges(distribution: Distribution, count: number): readonly number[];
  /** The log-density of numbers, by the spline that starts from a distribution. */
  logDensity(of: Edged): (x: number) => number;
}>;

/** Largest factor by which a density goes on to change towards an end. */
const MOST = 3;

/** Parts of equal mass between the points of the curves that are tried, about. */
const PARTS = [8, 20];

/** Numbers whose logarithms are tried as normal, too: those that are so much above the least, or below the largest. */
const SHIFTS = [0.003, 0.03, 0.3];

/** Distance from the ends, about, from which on logits grow: many numbers may lie next to an end. */
const NEAREST = 1e-6;

/** Parts of the mass at the ends of a curve, of one within, and least numbers between two points of it. */
const SMALLER = [0.1, 0.3];
const BETWEEN = 4;

/** Normal distributions that are mixed. */
const COMPONENTS = [1, 2, 3];

/** Least standard deviation of a part, as a share of that of the whole. */
const LEAST = 0.02;

/** Ends of a part of a mixture, in its standard deviations, and the least distance of edges. */
const APART = 3;
const NARROW = 1e-3;

/** Numbers that stand for many, evenly among the sorted ones: for expectation maximization, and to judge candidates by. */
const REPRESENTATIVES = 160;
const JUDGED = 400;

/** Rounds of expectation maximization, and nats a number below which another one brings too little. */
const ROUNDS = 40;
const LEAST_GAIN = 1e-4;

/** Candidates that go on from the first half of the numbers to the second. */
const BEST = 5;

/** Least share of a candidate in the distribution, of that of the likeliest. */
const LEAST_SHARE = 0.05;

const WHOLE = [0, 1];

/**
 * The distribution that a few sorted numbers in [0, 1] seem to be drawn from. The candidates: their empirical distribution,
 * normal ones (also of logarithms and logits), and smooth curves through some points of the empirical one, with and without the edges
 * of a histogram, and of logits. The splines of half of the numbers are judged by the likelihood of the other half. The likeliest
 * are averaged.
 */
export function likelyDistribution(sorted: Float32Array, splines: Splines): Edged {
  const rng = makeRng(0);
  const halves = Array.from(sorted, () => rng.uniform() < 0.5);
  let left = candidates.map((candidate) => ({ candidate, score: 0 }));
  for (const half of [true, false]) {
    const kept = ownDistribution(
      sorted.filter((_, i) => halves[i] === half),
      splines,
    );
    const held = someOf(
      sorted.filter((_, i) => halves[i] !== half),
      JUDGED,
    );
    left = left
      .map(({ candidate, score }) => {
        const logDensity = splines.logDensity(candidate(kept));
        const own = held.reduce((sum, x) => sum + logDensity(x), 0);
        // too few numbers for a candidate: NaN
        return { candidate, score: Number.isNaN(own) ? Number.NEGATIVE_INFINITY : score + own };
      })
      .toSorted((a, b) => b.score - a.score)
      .slice(0, BEST);
  }
  return averaged(left, ownDistribution(sorted, splines));
}

/** The distributions of candidates by how likely the numbers are under each. Edges are those of the likeliest. */
function averaged(scored: readonly { candidate: Candidate; score: number }[], own: Own): Edged {
  const best = scored[0]!.score;
  const found = scored
    .map(({ candidate, score }) => ({ candidate, share: Math.exp(score - best) }))
    .filter(({ share }) => share >= LEAST_SHARE)
    .map(({ candidate, share }) => ({ ...candidate(own), share }));
  const total = found.reduce((sum, { share }) => sum + share, 0);
  return {
    edges: found[0]!.edges,
    distribution: (x) =>
      found.reduce((sum, { distribution, share }) => sum + (share / total) * distribution(x), 0),
  };
}

/** Sorted numbers, their empirical distribution, and the edges of its histogram. */
type Own = Edged & Readonly<{ numbers: Float32Array }>;

export function ownDistribution(numbers: Float32Array, { edges }: Splines): Own {
  const distribution = empiricalDistribution(numbers);
  return { numbers, distribution, edges: edges(distribution, numbers.length) };
}

type Candidate = (own: Own) => Edged;

/** An increasing function, and its inverse. */
type Change = Readonly<{ to(x: number): number; from(y: number): number }>;

const same: Change = { to: (x) => x, from: (y) => y };
const logOf = (c: number): Change => ({ to: (x) => Math.log(x + c), from: (y) => Math.exp(y) - c });
const mirrored = (c: number): Change => ({
  to: (x) => -Math.log(1 - x + c),
  from: (y) => 1 + c - Math.exp(-y),
});

const logits: Change = {
  to: (x) => Math.log((x + NEAREST) / (1 - x + NEAREST)),
  from(y) {
    const odds = Math.exp(y);
    return (odds * (1 + NEAREST) - NEAREST) / (1 + odds);
  },
};

/** Drawn from a mixture of normal ones, after a change. Between parts that lie apart there are edges. */
const normalsAfter =
  (components: number, change: Change): Candidate =>
  ({ numbers }) => {
    const some = components === 1 ? numbers : someOf(numbers, REPRESENTATIVES);
    const normals = likelyNormals(Float64Array.from(some, change.to), components);
    const ends = normals.flatMap(({ mean, std }) =>
      components === 1 ? [] : [mean - APART * std, mean + APART * std],
    );
    const edges = ends.map(change.from).filter((x) => x > 0 && x < 1);
    return {
      distribution: distributionOf(normals, change),
      edges: [0, ...edges.toSorted((a, b) => a - b).filter((x, i, all) => x - (all[i - 1] ?? 0) > NARROW), 1],
    };
  };

const curve =
  (parts: number, edged: boolean): Candidate =>
  ({ distribution, edges: all }) => {
    const edges = edged ? all : WHOLE;
    return { distribution: throughSome(distribution, edges, parts), edges };
  };

/** A smooth curve after a change, through numbers with about equal parts of the mass between them, and smaller ones at the ends. */
const curveAfter =
  (parts: number, change: Change): Candidate =>
  ({ numbers }) => {
    const count = numbers.length;
    const inner = Array.from({ length: parts - 1 }, (_, k) => k + 1);
    const shares = [...SMALLER, ...inner, ...SMALLER.map((share) => parts - share)];
    const ranks = shares.map((share) => Math.round((share / parts) * count)).toSorted((a, b) => a - b);
    const points = [{ y: change.to(0), mass: 0 }];
    let last = 0;
    for (const rank of ranks) {
      if (rank - last < BETWEEN || count - rank < BETWEEN) continue;
      const y = change.to(0.5 * (numbers[rank - 1]! + numbers[rank]!));
      if (y <= points.at(-1)!.y) continue;
      points.push({ y, mass: rank / count });
      last = rank;
    }
    points.push({ y: change.to(1), mass: 1 });
    const [ys, masses] = [points.map(({ y }) => y), points.map(({ mass }) => mass)];
    const smooth = curveThrough(withDensities(ys, masses, false));
    return { distribution: (x) => smooth(change.to(Math.min(Math.max(x, 0), 1))).y, edges: WHOLE };
  };

const candidates: readonly Candidate[] = [
  (own) => own,
  ...COMPONENTS.map((components) => normalsAfter(components, same)),
  ...SHIFTS.flatMap((c) => [
    ...COMPONENTS.map((components) => normalsAfter(components, logOf(c))),
    normalsAfter(1, mirrored(c)),
  ]),
  ...COMPONENTS.map((components) => normalsAfter(components, logits)),
  ...PARTS.flatMap((parts) => [curve(parts, false), curve(parts, true), curveAfter(parts, logits)]),
];

type Normal = { weight: number; mean: number; std: number };

/** On [0, 1], of numbers that are drawn from normal distributions after a change. */
function distributionOf(normals: readonly Normal[], { to }: Change): Distribution {
  const f = (x: number): number =>
    normals.reduce((sum, { weight, mean, std }) => sum + weight * normalCdf((to(x) - mean) / std), 0);
  const [low, high] = [f(0), f(1)];
  return (x) => Math.min(Math.max((f(Math.min(Math.max(x, 0), 1)) - low) / (high - low), 0), 1);
}

/** By expectation maximization, from equal parts of the sorted values. */
function likelyNormals(values: Float64Array, components: number): Normal[] {
  const count = Math.ceil(values.length / components);
  const normals = Array.from({ length: components }, (_, k) => ({
    ...normalOf(values.subarray(k * count, (k + 1) * count)),
    weight: 1 / components,
  }));
  if (components === 1) return normals;
  const least = LEAST * normalOf(values).std;
  const densities = new Float64Array(components);
  const sums = new Float64Array(3 * components);
  let before = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    sums.fill(0);
    const tops = Float64Array.from(normals, ({ weight, std }) => weight / std);
    const means = Float64Array.from(normals, ({ mean }) => mean);
    const precisions = Float64Array.from(normals, ({ std }) => 0.5 / std ** 2);
    let log = 0;
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      let total = 1e-300;
      for (let k = 0; k < components; k++) {
        const apart = value - means[k]!;
        densities[k] = tops[k]! * Math.exp(-precisions[k]! * apart * apart);
        total += densities[k]!;
      }
      log += Math.log(total);
      for (let k = 0; k < components; k++) {
        const share = densities[k]! / total;
        sums[3 * k]! += share;
        sums[3 * k + 1]! += share * value;
        sums[3 * k + 2]! += share * value * value;
      }
    }
    if (log - before < LEAST_GAIN * values.length) break;
    before = log;
    for (let k = 0; k < components; k++) {
      const [share = 0, first = 0, second = 0] = sums.subarray(3 * k);
      const mean = first / Math.max(share, 1e-9);
      const variance = Math.max(second / Math.max(share, 1e-9) - mean ** 2, 0);
      normals[k] = { weight: share / values.length, mean, std: Math.max(Math.sqrt(variance), least) };
    }
  }
  return normals;
}

/** So many of the sorted numbers, evenly among them. */
const someOf = (sorted: Float32Array, most: number): Float32Array =>
  sorted.length <= most
    ? sorted
    : Float32Array.from({ length: most }, (_, i) => sorted[Math.floor(((i + 0.5) * sorted.length) / most)]!);

function normalOf(values: Float64Array): Normal {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { weight: 1, mean, std: Math.max(Math.sqrt(variance), 1e-6) };
}

/** The curve through the given edges and points between them, about `parts` of equal mass. */
function throughSome(distribution: Distribution, edges: readonly number[], parts: number): Distribution {
  const xs: number[] = [edges[0]!];
  for (const to of edges.slice(1)) {
    const from = xs[xs.length - 1]!;
    const [low, high] = [distribution(from), distribution(to)];
    const own = Math.max(Math.floor((high - low) * parts), 1);
    for (let part = 1; part < own; part++)
      xs.push(whereItIs(low + ((high - low) * part) / own, distribution, from, to));
    xs.push(to);
  }
  const places = xs.filter((x, i) => i === 0 || x > xs[i - 1]!);
  const curve = curveThrough(withDensities(places, places.map(distribution)));
  return (x) => curve(x).y;
}

/** Points with these masses below them. Densities are geometric means of those beside a place, but at jumps, and go on towards the ends. */
function withDensities(xs: readonly number[], masses: readonly number[], jumping = true): Knot[] {
  const between = xs.slice(1).map((x, i) => (masses[i + 1]! - masses[i]!) / (x - xs[i]!));
  const last = between.length - 1;
  const inner = (i: number): number => {
    const [left, right] = [between[i - 1]!, between[i]!];
    return jumping && jumps(left, right) ? Math.min(left, right) : Math.sqrt(left * right);
  };
  const end = (own: number, beside: number): number =>
    Math.min(Math.max(own ** 2 / beside, own / MOST), own * MOST);
  const slope = (i: number): number => {
    if (last === 0) return between[0]!;
    if (i === 0) return end(between[0]!, inner(1));
    return i > last ? end(between[last]!, inner(last)) : inner(i);
  };
  return xs.map((x, i) => ({ x, y: masses[i]!, slope: slope(i) }));
}

/** Of an interval in which a place is looked for, every other one by interpolation; and a difference of masses that is none. */
const DIVISIONS = 48;
const NEAR = 1e-8;

/** The argument at which an increasing function is y: interpolation and bisection in turn. */
export function whereItIs(y: number, f: Distribution, from: number, to: number): number {
  let [low, high, below, above] = [from, to, f(from), f(to)];
  for (let step = 0; step < DIVISIONS; step++) {
    const share = step % 2 === 0 && above > below ? (y - below) / (above - below) : 0.5;
    const middle = low + (high - low) * Math.min(Math.max(share, 0.01), 0.99);
    const own = f(middle);
    if (Math.abs(own - y) < NEAR) return middle;
    if (own < y) [low, below] = [middle, own];
    else [high, above] = [middle, own];
  }
  return (low + high) / 2;
}
