import type { HostArray } from "../params/host-array.js";
import { nearestCentres } from "./k-means.js";

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

/** Rounds of expectation maximization. */
const ITERATIONS = 100;
/** Nats a number, below which another iteration brings too little. */
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
export function fitMixture(examples: readonly Float64Array[], K: number, given?: HostArray): FittedNormal[] {
  const [N, n] = [examples.length, examples[0]!.length];
  const columns = Array.from({ length: n }, (_, i) => {
    const mean = meanOf(examples, (row) => row[i]!);
    const std = Math.sqrt(meanOf(examples, (row) => (row[i]! - mean) ** 2));
    return { mean, std: std > 1e-6 * Math.abs(mean) && std > 0 ? std : 1 };
  });
  const rows = examples.map((row) => row.map((v, i) => (v - columns[i]!.mean) / columns[i]!.std));
  const values = given && valuesOf(given);
  const clusters = nearestCentres(rows, K);
  const sums = emptySums(K, n, given?.shape[1] ?? 0);
  const shares = new Float64Array(K);
  for (const [r, row] of rows.entries()) {
    shares.fill(0)[clusters[r]!] = 1;
    addShares(sums, row, shares, values?.[r]);
  }
  let fitted = maximized(sums, N);
  let before = Number.NEGATIVE_INFINITY;
  let near: readonly Int32Array[] | undefined;
  for (let iteration = 1; iteration < ITERATIONS; iteration++) {
    if (Number.isInteger(Math.log2(iteration))) near = undefined;
    const seen = expected(rows, fitted, sums, { values, near });
    const gain = seen.total / N;
    near = seen.near;
    if (gain - before < LEAST_GAIN * n) break;
    before = gain;
    fitted = maximized(sums, N);
  }
  return fitted.map(({ mean, factor, ...others }) => ({
    ...others,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** Sums over rows by their shares in each normal: 1 [K], x [K, n], products of two, below the diagonal and on it [K, n, n], and values [K, S]. */
type Sums = Readonly<{
  counts: Float64Array;
  first: readonly Float64Array[];
  squares: readonly Float64Array[];
  values: readonly Float64Array[];
}>;

const emptySums = (K: number, n: number, S: number): Sums => {
  const each = (size: number) => Array.from({ length: K }, () => new Float64Array(size));
  return { counts: new Float64Array(K), first: each(n), squares: each(n * n), values: each(S) };
};

/** Less of a row changes no sum that matters. */
const LEAST_SHARE = 1e-9;

function addShares(
  { counts, first, squares, values: seen }: Sums,
  row: Float64Array,
  shares: Float64Array,
  values: readonly number[] = [],
): void {
  const n = row.length;
  for (let k = 0; k < shares.length; k++) {
    const share = shares[k]!;
    if (share < LEAST_SHARE) continue;
    const [sum, square, own] = [first[k]!, squares[k]!, seen[k]!];
    counts[k]! += share;
    for (const s of values) own[s]! += share;
    for (let i = 0; i < n; i++) {
      const part = share * row[i]!;
      sum[i]! += part;
      for (let j = 0; j <= i; j++) square[i * n + j]! += part * row[j]!;
    }
  }
}

/** Rows whose distances from a mean are computed together: a number of a matrix, once read, serves all of them. */
const TOGETHER = 4;

/** `log[r]` loses |F⁻¹ (x_r − mean)|² / 2 for these rows. `inverse`: F⁻¹, lower triangular. */
function subtractDistances(
  rows: readonly Float64Array[],
  near: Int32Array,
  { mean, inverse }: { mean: Float64Array; inverse: Float64Array },
  log: Float64Array,
): void {
  const n = mean.length;
  const centred = new Float64Array(TOGETHER * n); // [n, TOGETHER]
  for (let start = 0; start < near.length; start += TOGETHER) {
    const count = Math.min(TOGETHER, near.length - start);
    for (let b = 0; b < count; b++) {
      const row = rows[near[start + b]!]!;
      for (let i = 0; i < n; i++) centred[TOGETHER * i + b] = row[i]! - mean[i]!;
    }
    const squares = squaredLengths(inverse, centred, n);
    for (let b = 0; b < count; b++) log[near[start + b]!]! -= 0.5 * squares[b]!;
  }
}

/** The squared lengths of L c for a lower triangular L [n, n] and four columns c of a matrix [n, 4]. */
function squaredLengths(
  lower: Float64Array,
  columns: Float64Array,
  n: number,
): [number, number, number, number] {
  const all: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let j = 0; j <= i; j++) {
      const v = lower[i * n + j]!;
      t0 += v * columns[TOGETHER * j]!;
      t1 += v * columns[TOGETHER * j + 1]!;
      t2 += v * columns[TOGETHER * j + 2]!;
      t3 += v * columns[TOGETHER * j + 3]!;
    }
    all[0] += t0 * t0;
    all[1] += t1 * t1;
    all[2] += t2 * t2;
    all[3] += t3 * t3;
  }
  return all;
}

/** A normal that makes a row e²⁵ times less likely than another one may be left out for some rounds. */
const FAR = 25;

type Rows = Readonly<{
  values: readonly (readonly number[])[] | undefined;
  near: readonly Int32Array[] | undefined;
}>;

/**
 * The sum of log p of the rows, without the constant, and in `sums` those by their shares; the rows that are near to each normal.
 * Where such rows are given, others have no share in it.
 */
function expected(
  rows: readonly Float64Array[],
  fitted: readonly FittedNormal[],
  sums: Sums,
  { values, near }: Rows,
): { total: number; near: Int32Array[] } {
  const [K, n] = [fitted.length, rows[0]!.length];
  const all = Int32Array.from(rows, (_, r) => r);
  for (const each of [sums.counts, ...sums.first, ...sums.squares, ...sums.values]) each.fill(0);
  const logs = fitted.map(({ weight, mean, factor, line }, k) => {
    let constant = Math.log(weight);
    for (let i = 0; i < n; i++) constant -= Math.log(factor[i * n + i]!);
    const own = near?.[k] ?? all;
    const log = new Float64Array(rows.length).fill(Number.NEGATIVE_INFINITY);
    for (const r of own) log[r] = (values?.[r] ?? []).reduce((sum, s) => sum + line[s]!, constant);
    subtractDistances(rows, own, { mean, inverse: inverseLower(factor, n) }, log);
    return log;
  });
  const shares = new Float64Array(K);
  const nearest = logs.map((): number[] => []);
  let total = 0;
  for (const [r, row] of rows.entries()) {
    let top = Number.NEGATIVE_INFINITY;
    for (const log of logs) top = Math.max(top, log[r]!);
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const behind = logs[k]![r]! - top;
      sum += shares[k] = Math.exp(behind);
      if (behind > -FAR) nearest[k]!.push(r);
    }
    for (let k = 0; k < K; k++) shares[k]! /= sum;
    total += top + Math.log(sum);
    addShares(sums, row, shares, values?.[r]);
  }
  return { total, near: nearest.map((own) => Int32Array.from(own)) };
}

/** The places of the ones of each row. */
function valuesOf({ data, shape: [count = 0, S = 0] }: HostArray): number[][] {
  return Array.from({ length: count }, (_, r) =>
    Array.from(data.subarray(r * S, (r + 1) * S)).flatMap((v, s) => (v === 1 ? [s] : [])),
  );
}

/** log P of each of the values in a normal, of N rows that are shared out. */
function valueLogs(own: readonly Float64Array[], counts: Float64Array, N: number): Float64Array[] {
  const S = own[0]!.length;
  const seen = new Float64Array(S);
  for (const each of own) for (let s = 0; s < S; s++) seen[s]! += each[s]!;
  return own.map((each, k) =>
    seen.map((all, s) => Math.log((each[s]! + (all + 1 / S) / (N + 1)) / (counts[k]! + 1))),
  );
}

/** The normals that explain N rows best, by sums over them. */
function maximized({ counts, first, squares, values }: Sums, N: number): FittedNormal[] {
  const K = counts.length;
  const n = first[0]!.length;
  const lines = values[0]!.length > 0 ? valueLogs(values, counts, N) : undefined;
  const scattered = first.map((sum, k) => {
    const count = counts[k]!;
    const mean = sum.map((v) => v / Math.max(count, 1e-9));
    const scatter = squares[k]!.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return j > i ? 0 : v - count * mean[i]! * mean[j]!;
    });
    return { count, mean, scatter };
  });
  const within = Float64Array.from(
    { length: n },
    (_, i) => scattered.reduce((sum, { scatter }) => sum + Math.max(scatter[i * n + i]!, 0), 0) / N,
  );
  return scattered.map(({ count, mean, scatter }, k) => {
    const added = n * Math.min(1, (2 * n) / count);
    const covariance = scatter.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (v + (i === j ? added * within[i]! : 0)) / (count + added) + (i === j ? LEAST_VARIANCE : 0);
    });
    return {
      weight: (count + 1) / (N + K),
      mean,
      factor: cholesky(covariance, n),
      line: lines?.[k] ?? NO_LINE,
    };
  });
}
