import { numpy as np } from "@jax-js/jax";
import { logSumExp } from "../math/numerics.js";
import { makeRng, type Rng } from "../math/rng.js";
import { floats } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { treeDispose } from "../params/pytree.js";

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

/** Rows that are clustered at most, starts, and rounds of each. */
const CLUSTERED = 2000;
const STARTS = 8;
const ASSIGNMENTS = 10;
const ITERATIONS = 100;
/** Nats a row, below which another iteration brings too little. */
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

const distance = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
};

/** The nearest centre, and the squared distance to it. */
function nearest(row: Float64Array, centres: readonly Float64Array[]): { k: number; least: number } {
  let [k, least] = [0, Number.POSITIVE_INFINITY];
  for (const [at, centre] of centres.entries()) {
    const own = distance(row, centre);
    if (own < least) [k, least] = [at, own];
  }
  return { k, least };
}

/** Rows as centres, each drawn by its squared distance to those before it (k-means++). */
function drawnCentres(rows: readonly Float64Array[], K: number, rng: Rng): Float64Array[] {
  const centres = [rows[rng.integer(rows.length)]!];
  const far = rows.map((row) => distance(row, centres[0]!));
  while (centres.length < K) {
    let left = rng.uniform() * far.reduce((a, b) => a + b, 0);
    let at = 0;
    while (at < rows.length - 1 && left >= far[at]!) left -= far[at++]!;
    const next = rows[at]!;
    centres.push(next);
    for (const [r, row] of rows.entries()) far[r] = Math.min(far[r]!, distance(row, next));
  }
  return centres;
}

/**
 * The nearest centre of each row, after some rounds of k-means: the best of some starts by the mean squared distance.
 *
 * Source: Arthur and Vassilvitskii 2007, k-means++.
 */
function nearestCentres(all: readonly Float64Array[], K: number): Int32Array {
  const every = Math.ceil(all.length / CLUSTERED);
  const rows = all.filter((_, r) => r % every === 0);
  const rng = makeRng(K, rows.length);
  let best = { centres: [] as Float64Array[], total: Number.POSITIVE_INFINITY };
  for (let start = 0; start < STARTS; start++) {
    let centres = drawnCentres(rows, K, rng);
    let total = 0;
    for (let round = 0; round < ASSIGNMENTS; round++) {
      const counts = new Float64Array(K);
      const sums = centres.map((centre) => new Float64Array(centre.length));
      total = 0;
      for (const row of rows) {
        const { k, least } = nearest(row, centres);
        total += least;
        counts[k]!++;
        for (let i = 0; i < row.length; i++) sums[k]![i]! += row[i]!;
      }
      centres = centres.map((before, k) => (counts[k] === 0 ? before : sums[k]!.map((v) => v / counts[k]!)));
    }
    if (total < best.total) best = { centres, total };
  }
  return Int32Array.from(all, (row) => nearest(row, best.centres).k);
}

const meanOf = <T>(all: readonly T[], of: (each: T) => number): number =>
  all.reduce((sum, each) => sum + of(each), 0) / all.length;

/**
 * A mixture of K normal distributions with whole covariances, fitted to rows by expectation maximization from clusters of
 * k-means. A covariance of c rows is mixed with the diagonal of all within clusters, which counts as n rows, so that
 * few rows cannot make it singular. A constant column gets the variance 1.
 *
 * Values that are given with the rows, a 1 among zeros for each of their columns, belong to the density: they are independent given the
 * normal. Its weight given the values follows (naive Bayes).
 *
 * Source: Bishop 2006, Pattern Recognition and Machine Learning, section 9.2.2.
 */
export async function fitMixture(
  data: readonly Float64Array[],
  K: number,
  given?: HostArray,
): Promise<FittedNormal[]> {
  const [N, n] = [data.length, data[0]!.length];
  const columns = Array.from({ length: n }, (_, i) => {
    const mean = meanOf(data, (row) => row[i]!);
    const std = Math.sqrt(meanOf(data, (row) => (row[i]! - mean) ** 2));
    return { mean, std: std > 1e-6 * Math.abs(mean) && std > 0 ? std : 1 };
  });
  const rows = data.map((row) => row.map((v, i) => (v - columns[i]!.mean) / columns[i]!.std));
  const shares = new Float32Array(N * K);
  for (const [r, k] of nearestCentres(rows, K).entries()) shares[r * K + k] = 1;
  const all = new Float32Array(N * n);
  for (const [r, row] of rows.entries()) all.set(row, r * n);
  const x = floats(all, [N, n]);
  const values = given && floats(Float32Array.from(given.data), given.shape);
  let expected = floats(shares, [N, K]);
  let fitted: FittedNormal[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    fitted = await maximized(x.ref, values?.ref, expected);
    const next = await expectation(x.ref, values?.ref, fitted);
    expected = next.shares;
    if (next.gain - before < LEAST_GAIN) break;
    before = next.gain;
  }
  treeDispose([x, expected, ...(values ? [values] : [])]);
  return fitted.map(({ mean, factor, ...others }) => ({
    ...others,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** The share of each normal in each row, [N, K], and the mean of log p, without the constant. Consumes x [N, n] and the values. */
async function expectation(
  x: np.Array,
  values: np.Array | undefined,
  fitted: readonly FittedNormal[],
): Promise<{ shares: np.Array; gain: number }> {
  const [N = 0, n = 0] = x.shape;
  const K = fitted.length;
  const whitening = new Float32Array(n * K * n); // column k·n + i is row i of F_k⁻¹
  const whitened = new Float32Array(K * n); // F_k⁻¹ μ_k
  const constants = new Float32Array(K);
  for (const [k, { weight, mean, factor }] of fitted.entries()) {
    const inverse = inverseLower(factor, n);
    constants[k] = Math.log(weight);
    for (let i = 0; i < n; i++) {
      constants[k] -= Math.log(factor[i * n + i]!);
      for (let j = 0; j <= i; j++) {
        whitening[j * K * n + k * n + i] = inverse[i * n + j]!;
        whitened[k * n + i]! += inverse[i * n + j]! * mean[j]!;
      }
    }
  }
  const t = np.matmul(x, floats(whitening, [n, K * n])).sub(floats(whitened)); // [N, K·n]
  const near = np
    .sum(np.square(t).reshape([N, K, n]), 2)
    .mul(-0.5)
    .add(floats(constants));
  const lines = Float32Array.from(fitted.flatMap(({ line }) => [...line]));
  const ofValues = (v: np.Array): np.Array => np.matmul(v, np.transpose(floats(lines, [K, v.shape[1]!])));
  const logs = values ? near.add(ofValues(values)) : near;
  const top = logSumExp(logs.ref, 1); // [N]
  const shares = np.exp(logs.sub(np.expandDims(top.ref, 1)));
  return { shares, gain: (await toNumbers(np.mean(top)))[0]! };
}

/** log P of each of the values [N, S] in the normals; one row more has the shares of all. Consumes both. */
async function valueLogs(values: np.Array, shares: np.Array, counts: Float64Array): Promise<Float64Array[]> {
  const [N = 0, S = 0] = values.shape;
  const all = await toNumbers(np.sum(values.ref, 0));
  const own = await toNumbers(np.matmul(np.transpose(shares), values)); // [K, S]
  return Array.from(counts, (count, k) =>
    all.map((seen, s) => Math.log((own[k * S + s]! + (seen + 1 / S) / (N + 1)) / (count + 1))),
  );
}

/** The normals that explain rows [N, n] and values [N, S] best, with these shares [N, K] in them. Consumes all. */
async function maximized(
  x: np.Array,
  values: np.Array | undefined,
  shares: np.Array,
): Promise<FittedNormal[]> {
  const [N = 0, K = 0] = shares.shape;
  const n = x.shape[1] as number;
  const counts = await toNumbers(np.sum(shares.ref, 0));
  const lines = values && (await valueLogs(values, shares.ref, counts));
  const sums = await toNumbers(np.matmul(np.transpose(shares.ref), x.ref)); // [K, n]
  const weighted = shares
    .reshape([N, K, 1])
    .mul(x.ref.reshape([N, 1, n]))
    .reshape([N, K * n]);
  const squares = await toNumbers(np.matmul(np.transpose(weighted), x)); // [K·n, n]
  const scattered = Array.from({ length: K }, (_, k) => {
    const count = counts[k]!;
    const mean = sums.slice(k * n, (k + 1) * n).map((v) => v / Math.max(count, 1e-9));
    const scatter = squares
      .slice(k * n * n, (k + 1) * n * n)
      .map((v, at) => v - count * mean[Math.floor(at / n)]! * mean[at % n]!);
    return { count, mean, scatter };
  });
  const within = Float64Array.from(
    { length: n },
    (_, i) => scattered.reduce((sum, { scatter }) => sum + Math.max(scatter[i * n + i]!, 0), 0) / N,
  );
  return scattered.map(({ count, mean, scatter }, k) => {
    const covariance = scatter.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (v + (i === j ? n * within[i]! : 0)) / (count + n) + (i === j ? LEAST_VARIANCE : 0);
    });
    return {
      weight: (count + 1) / (N + K),
      mean,
      factor: cholesky(covariance, n),
      line: lines?.[k] ?? NO_LINE,
    };
  });
}

async function toNumbers(array: np.Array): Promise<Float64Array> {
  return Float64Array.from(await array.data());
}
