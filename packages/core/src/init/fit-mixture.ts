import { jit, numpy as np } from "@jax-js/jax";
import { logSumExp } from "../math/numerics.js";
import { floats } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { treeDispose, treeRef } from "../params/pytree.js";
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
 * k-means. A covariance of c rows is mixed with the diagonal of all within clusters, which counts as n rows, so that
 * few rows cannot make it singular. A constant column gets the variance 1.
 *
 * Values that are given with the rows, a 1 among zeros for each of their columns, belong to the density: they are independent given the
 * normal. Its weight given the values follows (naive Bayes).
 *
 * Source: Bishop 2006, Pattern Recognition and Machine Learning, section 9.2.2.
 */
export async function fitMixture(
  examples: readonly Float64Array[],
  K: number,
  given?: HostArray,
): Promise<FittedNormal[]> {
  const [N, n] = [examples.length, examples[0]!.length];
  const columns = Array.from({ length: n }, (_, i) => {
    const mean = meanOf(examples, (row) => row[i]!);
    const std = Math.sqrt(meanOf(examples, (row) => (row[i]! - mean) ** 2));
    return { mean, std: std > 1e-6 * Math.abs(mean) && std > 0 ? std : 1 };
  });
  const rows = examples.map((row) => row.map((v, i) => (v - columns[i]!.mean) / columns[i]!.std));
  const all = new Float32Array(N * n);
  for (const [r, row] of rows.entries()) all.set(row, r * n);
  const clusters = new Float32Array(N * K);
  for (const [r, k] of nearestCentres(rows, K).entries()) clusters[r * K + k] = 1;
  const x = floats(all, [N, n]);
  const data = given ? [x, floats(Float32Array.from(given.data), given.shape)] : [x];
  // traced once for all rounds; two programs, so that the factors of products are arrays and not functions
  const [share, sum] = [jit(sharesOf), jit(sumsOf)];
  let expected = byShares(x.ref, floats(clusters, [N, K]));
  let fitted: FittedNormal[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    fitted = maximized(await Promise.all(sum(treeRef(data), expected).map(toNumbers)), N, K);
    const { mean, ...next } = share(treeRef(data), whiteningOf(fitted, n));
    expected = next;
    const [gain = 0] = await toNumbers(mean);
    if (gain - before < LEAST_GAIN * n) break;
    before = gain;
  }
  treeDispose([...data, expected]);
  share.dispose();
  sum.dispose();
  return fitted.map(({ mean, factor, ...others }) => ({
    ...others,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** F_k⁻¹ side by side, F_k⁻¹ μ_k, log weights, and what values add to them. */
function whiteningOf(fitted: readonly FittedNormal[], n: number): np.Array[] {
  const K = fitted.length;
  const whitening = new Float32Array(n * K * n); // column k·n + i is row i of F_k⁻¹
  const whitened = new Float32Array(K * n);
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
  const lines = Float32Array.from(fitted.flatMap(({ line }) => [...line]));
  const sizes = [K, lines.length / K];
  return [floats(whitening, [n, K * n]), floats(whitened), floats(constants), floats(lines, sizes)];
}

/** The share of each normal in each row, [N, K], and rows by their shares, [N, K·n]. Consumes both. */
function byShares(x: np.Array, shares: np.Array) {
  const [N = 0, K = 0] = shares.shape;
  const weighted = shares.ref.reshape([N, K, 1]).mul(x.reshape([N, 1, -1]));
  return { shares, weighted: weighted.reshape([N, -1]) };
}

/** Those under some normals, and the mean of log p, without the constant, of rows [N, n] and values [N, S]. Consumes all. */
function sharesOf([x, values]: np.Array[], [whitening, whitened, constants, lines]: np.Array[]) {
  const K = constants!.shape[0]!;
  const t = np.matmul(x!.ref, whitening!).sub(whitened!); // [N, K·n]
  const near = np.sum(np.square(t).reshape([x!.shape[0]!, K, -1]), 2).mul(-0.5);
  const logs = near.add(values ? np.matmul(values, np.transpose(lines!)).add(constants!) : constants!);

  const top = logSumExp(logs.ref, 1); // [N]
  const shares = np.exp(logs.sub(np.expandDims(top.ref, 1)));
  return { ...byShares(x!, shares), mean: np.mean(top) };
}

/** Sums by shares: 1 [K], x [K, n], products of two [K, n, n], and values [K, S]. Consumes all. */
function sumsOf([x, values]: np.Array[], { shares, weighted }: ReturnType<typeof byShares>): np.Array[] {
  const counts = np.sum(shares.ref, 0);
  const each = np.transpose(shares); // [K, N]
  const own = values ? [np.matmul(each.ref, values)] : [];
  return [counts, np.matmul(each, x!.ref), np.matmul(np.transpose(weighted), x!), ...own];
}

/** log P of each of the values in a normal, of N rows that are shared out. */
function valueLogs(own: Float64Array, counts: Float64Array, N: number): Float64Array[] {
  const K = counts.length;
  const S = own.length / K;
  const seen = new Float64Array(S);
  for (const [at, count] of own.entries()) seen[at % S]! += count;
  return Array.from(counts, (count, k) =>
    seen.map((all, s) => Math.log((own[k * S + s]! + (all + 1 / S) / (N + 1)) / (count + 1))),
  );
}

/** The normals that explain N rows best, by sums over them. */
function maximized(sumsOfRows: readonly Float64Array[], N: number, K: number): FittedNormal[] {
  const [counts, sums, squares, own] = sumsOfRows as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array?,
  ];
  const n = sums.length / K;
  const lines = own && valueLogs(own, counts, N);
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
