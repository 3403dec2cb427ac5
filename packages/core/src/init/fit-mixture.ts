import type { HostArray } from "../params/host-array.js";
import { nearestCentres } from "./k-means.js";
import { type FlatRows, type RowSums, squaredDistances, sumsOf } from "./weighted-rows.js";

/**
 * One of the normal distributions of a mixture: its covariance is F Fᵀ, F lower triangular [n, n]. `line` is what each number of a
 * condition adds to its log weight.
 */
export type FittedNormal = {
  weight: number;
  mean: Float64Array;
  factor: Float64Array;
  line: Float64Array;
};

const NO_LINE = new Float64Array();

/** How a mixture is fitted. */
export type MixtureFit = Readonly<{
  /** Values that are given with the rows. */
  given?: HostArray | undefined;
  /** Normals to begin with in place of clusters, of rows without values. */
  from?: readonly FittedNormal[];
  /** Most rounds of expectation maximization. Default 100. */
  rounds?: number;
  /** A factor of the rows that the diagonal of all covariances counts as in each, and of the least variance. Default 1. */
  prior?: number;
}>;

/** Most rounds of expectation maximization. */
const ROUNDS = 100;
/** Nats a number, below which another iteration brings too little: so much more where normals have more numbers than rows. */
const LEAST_GAIN = 1e-4;
/** Least variance, in units of the variance of the column. */
const LEAST_VARIANCE = 1e-4;

/** The lower triangular F with F Fᵀ = M, of a positive definite matrix M [n, n]. */
export function cholesky(m: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = m[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= factor[i * n + k]! * factor[j * n + k]!;
      factor[i * n + j] = i === j ? Math.sqrt(sum) : sum / factor[j * n + j]!;
    }
  return factor;
}

/** The inverse of a lower triangular matrix [n, n]. */
export function inverseLower(factor: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let sum = i === j ? 1 : 0;
      for (let l = j; l < i; l++) sum -= factor[i * n + l]! * inverse[l * n + j]!;
      inverse[i * n + j] = sum / factor[i * n + i]!;
    }
  return inverse;
}

const meanOf = <T>(all: readonly T[], of: (each: T) => number): number =>
  all.reduce((sum, each) => sum + of(each), 0) / all.length;

/**
 * A mixture of K normal distributions with whole covariances, fitted to rows by expectation maximization from clusters of
 * k-means. A covariance of c rows is mixed with the diagonal of all within clusters, which counts as n rows, and of many as 2 n² / c, so that
 * few rows cannot make it singular, and many keep their narrow directions. A constant column gets the variance 1.
 *
 * Values that are given with the rows, a 1 among zeros for each of their columns, belong to the density: they are independent given the
 * normal. Its weight given the values follows (naive Bayes).
 *
 * Source: Bishop 2006, Pattern Recognition and Machine Learning, section 9.2.2.
 */
export function fitMixture(
  examples: readonly Float64Array[],
  K: number,
  { given, from, rounds = ROUNDS, prior = 1 }: MixtureFit = {},
): FittedNormal[] {
  const [N, n] = [examples.length, examples[0]!.length];
  const columns = Array.from({ length: n }, (_, i) => {
    const mean = meanOf(examples, (row) => row[i]!);
    const std = Math.sqrt(meanOf(examples, (row) => (row[i]! - mean) ** 2));
    return { mean, std: std > 1e-6 * Math.abs(mean) && std > 0 ? std : 1 };
  });
  const rows = { data: new Float64Array(N * n), n };
  for (const [r, row] of examples.entries())
    for (let i = 0; i < n; i++) rows.data[r * n + i] = (row[i]! - columns[i]!.mean) / columns[i]!.std;
  const values = given && valuesOf(given);
  const sumsIn = (some: Int32Array, weights: Float64Array): Sums => ({
    ...sumsOf(rows, some, weights),
    values: valueSums(values, some, weights, given?.shape[1] ?? 0),
  });
  let fitted = from
    ? from.map(({ mean, factor, ...others }) => ({
        ...others,
        mean: mean.map((v, i) => (v - columns[i]!.mean) / columns[i]!.std),
        factor: factor.map((v, at) => v / columns[Math.floor(at / n)]!.std),
      }))
    : maximized(
        rowsOfEach(
          nearestCentres(
            examples.map((_, r) => rows.data.subarray(r * n, (r + 1) * n)),
            K,
          ),
          K,
        ).map((own) => sumsIn(own, new Float64Array(own.length).fill(1))),
        N,
        prior,
      );
  const least = LEAST_GAIN * n * Math.max(1, (K * n * (n + 3)) / 2 / N);
  let before = Number.NEGATIVE_INFINITY;
  let near: readonly Int32Array[] | undefined;
  for (let iteration = 1; iteration < rounds; iteration++) {
    if (Number.isInteger(Math.log2(iteration))) near = undefined;
    const seen = expected(rows, fitted, { values, near });
    const gain = seen.total / N;
    near = seen.near;
    if (gain - before < least) break;
    before = gain;
    fitted = maximized(
      seen.near.map((own, k) => sumsIn(own, seen.shares[k]!)),
      N,
      prior,
    );
  }
  return fitted.map(({ mean, factor, ...others }) => ({
    ...others,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** Most rows that a prior is chosen by, most numbers of a row, and rows for each number of a normal from which on it hardly matters. */
const CHOSEN = { rows: 1000, numbers: 32, each: 100 } as const;
/** Priors that are tried, and rounds of expectation maximization of each. */
const PRIORS = [1, 0.1, 0.01];
const TRIAL = 30;

/** The prior of a mixture of K normals that are fitted to three quarters of the rows, under which the others are likeliest. */
export function likeliestPrior(examples: readonly Float64Array[], K: number): number {
  const some = examples.slice(0, CHOSEN.rows);
  const n = some[0]!.length;
  if (n > CHOSEN.numbers || examples.length > CHOSEN.each * K * n || some.length < 4 * K) return 1;
  const kept = some.filter((_, r) => r % 4 > 0);
  const held = some.filter((_, r) => r % 4 === 0);
  const rows = { data: Float64Array.from(held.flatMap((row) => [...row])), n };
  const none = { values: undefined, near: undefined };
  const scores = PRIORS.map(
    (prior) => expected(rows, fitMixture(kept, K, { prior, rounds: TRIAL }), none).total,
  );
  return PRIORS[scores.indexOf(Math.max(...scores))] ?? 1;
}

/** Sums over rows by their shares in a normal, with those of their values [S]. */
type Sums = RowSums & { values: Float64Array };

/** The places of 0 to K − 1 in a list. */
const rowsOfEach = (labels: ArrayLike<number>, K: number): Int32Array[] =>
  Array.from({ length: K }, (_, k) =>
    Int32Array.from(Array.from(labels, (label, r) => (label === k ? r : -1)).filter((r) => r >= 0)),
  );

/** Sums of the weights of rows that have each of S values. */
function valueSums(values: Near["values"], some: Int32Array, weights: Float64Array, S: number): Float64Array {
  const sums = new Float64Array(S);
  if (!values) return sums;
  const { places, ends } = values;
  for (let at = 0; at < some.length; at++) {
    const r = some[at]!;
    for (let v = ends[r]!; v < ends[r + 1]!; v++) sums[places[v]!]! += weights[at]!;
  }
  return sums;
}

/** A normal that makes a row e¹⁶ times less likely than another one may be left out for some rounds. */
const FAR = 16;

/** The places of the ones of all rows one after the other; those of row r are `places[ends[r]]` to `places[ends[r + 1] - 1]`. */
type Values = Readonly<{ places: Int32Array; ends: Int32Array }>;

type Near = Readonly<{ values: Values | undefined; near: readonly Int32Array[] | undefined }>;

/**
 * The sum of log p of the rows, without the constant; the rows that are near to each normal and their shares in it. Where such rows
 * are given, others have no share in it.
 */
function expected(
  rows: FlatRows,
  fitted: readonly FittedNormal[],
  { values, near }: Near,
): { total: number; near: Int32Array[]; shares: Float64Array[] } {
  const { n } = rows;
  const N = rows.data.length / n;
  const all = Int32Array.from({ length: N }, (_, r) => r);
  const logs = fitted.map(({ weight, mean, factor, line }, k) => {
    let constant = Math.log(weight);
    for (let i = 0; i < n; i++) constant -= Math.log(factor[i * n + i]!);
    const own = near?.[k] ?? all;
    const squares = squaredDistances(rows, own, { mean, inverse: inverseLower(factor, n) });
    const log = new Float64Array(N).fill(Number.NEGATIVE_INFINITY);
    for (let at = 0; at < own.length; at++) {
      const r = own[at]!;
      let given = constant;
      if (values)
        for (let v = values.ends[r]!; v < values.ends[r + 1]!; v++) given += line[values.places[v]!]!;
      log[r] = given - 0.5 * squares[at]!;
    }
    return log;
  });
  const found = logs.map(() => ({ count: 0, near: new Int32Array(N), shares: new Float64Array(N) }));
  const likely = new Float64Array(logs.length);
  let total = 0;
  for (let r = 0; r < N; r++) {
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < logs.length; k++) top = Math.max(top, logs[k]![r]!);
    let sum = 0;
    for (let k = 0; k < logs.length; k++) {
      likely[k] = Math.exp(logs[k]![r]! - top);
      sum += likely[k]!;
    }
    for (let k = 0; k < logs.length; k++) {
      if (!(logs[k]![r]! - top > -FAR)) continue;
      const own = found[k]!;
      own.near[own.count] = r;
      own.shares[own.count++] = likely[k]! / sum;
    }
    total += top + Math.log(sum);
  }
  return {
    total,
    near: found.map(({ near, count }) => near.subarray(0, count)),
    shares: found.map(({ shares, count }) => shares.subarray(0, count)),
  };
}

/** The places of the ones of each row. */
function valuesOf({ data, shape: [count = 0, S = 0] }: HostArray): Values {
  const places: number[] = [];
  const ends = new Int32Array(count + 1);
  for (let r = 0; r < count; r++) {
    for (let s = 0; s < S; s++) if (data[r * S + s] === 1) places.push(s);
    ends[r + 1] = places.length;
  }
  return { places: Int32Array.from(places), ends };
}

/** log P of each of the values in a normal, of N rows that are shared out. */
function valueLogs(sums: readonly Sums[], N: number): Float64Array[] {
  const S = sums[0]!.values.length;
  const seen = Float64Array.from({ length: S }, (_, s) =>
    sums.reduce((all, each) => all + each.values[s]!, 0),
  );
  return sums.map(({ count, values }) =>
    seen.map((all, s) => Math.log((values[s]! + (all + 1 / S) / (N + 1)) / (count + 1))),
  );
}

/** The normals that explain N rows best, by sums over them. */
function maximized(sums: readonly Sums[], N: number, prior: number): FittedNormal[] {
  const K = sums.length;
  const n = sums[0]!.first.length;
  const lines = sums[0]!.values.length > 0 ? valueLogs(sums, N) : undefined;
  const spread = (k: number, i: number, j: number): number => {
    const { count, first, squares } = sums[k]!;
    return squares[i * n + j]! - (first[i]! * first[j]!) / Math.max(count, 1e-9);
  };
  const within = Float64Array.from({ length: n }, (_, i) =>
    sums.reduce((sum, _each, k) => sum + Math.max(spread(k, i, i), 0) / N, 0),
  );
  return sums.map(({ count, first }, k) => {
    const added = prior * n * Math.min(1, (2 * n) / count);
    const covariance = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) covariance[i * n + j] = spread(k, i, j) / (count + added);
      covariance[i * n + i]! += (added * within[i]!) / (count + added) + prior * LEAST_VARIANCE;
    }
    return {
      weight: (count + 1) / (N + K),
      mean: first.map((v) => v / Math.max(count, 1e-9)),
      factor: cholesky(covariance, n),
      line: lines?.[k] ?? NO_LINE,
    };
  });
}
