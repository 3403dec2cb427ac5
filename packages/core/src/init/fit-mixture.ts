import { numpy as np } from "@jax-js/jax";
import { logSumExp } from "../math/numerics.js";
import { floats } from "../params/host.js";
import { treeDispose } from "../params/pytree.js";

/** One of the normal distributions of a mixture: its covariance is F Fᵀ, F lower triangular [n, n]. */
export type FittedNormal = { weight: number; mean: Float64Array; factor: Float64Array };

const ASSIGNMENTS = 10;
const ITERATIONS = 20;
/** Nats a row, below which another iteration brings too little. */
const LEAST_GAIN = 1e-3;
/** Least variance, in units of the variance of the column. */
const LEAST_VARIANCE = 1e-4;

/** The lower triangular F with F Fᵀ = M, of a positive definite matrix M [n, n]. */
function cholesky(m: Float64Array, n: number): Float64Array {
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

/** The nearest centre of each row, after some rounds of k-means from rows that lie evenly in their order. */
function nearestCentres(rows: readonly Float64Array[], K: number): Int32Array {
  const n = rows[0]!.length;
  let centres = Array.from({ length: K }, (_, k) => rows[Math.floor(((k + 0.5) * rows.length) / K)]!);
  const nearest = new Int32Array(rows.length);
  for (let round = 0; round < ASSIGNMENTS; round++) {
    for (const [r, row] of rows.entries()) {
      let least = Number.POSITIVE_INFINITY;
      for (const [k, centre] of centres.entries()) {
        let distance = 0;
        for (let i = 0; i < n; i++) distance += (row[i]! - centre[i]!) ** 2;
        if (distance < least) [least, nearest[r]] = [distance, k];
      }
    }
    const counts = new Float64Array(K);
    const sums = centres.map(() => new Float64Array(n));
    for (const [r, row] of rows.entries()) {
      const k = nearest[r]!;
      counts[k]!++;
      for (let i = 0; i < n; i++) sums[k]![i]! += row[i]!;
    }
    centres = centres.map((before, k) => (counts[k] === 0 ? before : sums[k]!.map((v) => v / counts[k]!)));
  }
  return nearest;
}

const meanOf = <T>(all: readonly T[], of: (each: T) => number): number =>
  all.reduce((sum, each) => sum + of(each), 0) / all.length;

/**
 * A mixture of K normal distributions with whole covariances, fitted to rows by expectation maximization from clusters of
 * k-means. A covariance of c rows is mixed with the diagonal of all within clusters, which counts as n rows, so that
 * few rows cannot make it singular. A constant column gets the variance 1.
 *
 * Source: Bishop 2006, Pattern Recognition and Machine Learning, section 9.2.2.
 */
export async function fitMixture(data: readonly Float64Array[], K: number): Promise<FittedNormal[]> {
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
  let expected = floats(shares, [N, K]);
  let fitted: FittedNormal[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    fitted = await maximized(x.ref, expected);
    const next = await expectation(x.ref, fitted);
    expected = next.shares;
    if (next.gain - before < LEAST_GAIN) break;
    before = next.gain;
  }
  treeDispose([x, expected]);
  return fitted.map(({ weight, mean, factor }) => ({
    weight,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** The share of each normal in each row, [N, K], and the mean of log p, without the constant. Consumes x [N, n]. */
async function expectation(
  x: np.Array,
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
  const logs = np
    .sum(np.square(t).reshape([N, K, n]), 2)
    .mul(-0.5)
    .add(floats(constants));
  const top = logSumExp(logs.ref, 1); // [N]
  const shares = np.exp(logs.sub(np.expandDims(top.ref, 1)));
  return { shares, gain: (await toNumbers(np.mean(top)))[0]! };
}

/** The normals that explain rows [N, n] best, with these shares [N, K] in them. Consumes both. */
async function maximized(x: np.Array, shares: np.Array): Promise<FittedNormal[]> {
  const [N = 0, K = 0] = shares.shape;
  const n = x.shape[1] as number;
  const counts = await toNumbers(np.sum(shares.ref, 0));
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
  return scattered.map(({ count, mean, scatter }) => {
    const covariance = scatter.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (v + (i === j ? n * within[i]! : 0)) / (count + n) + (i === j ? LEAST_VARIANCE : 0);
    });
    return { weight: (count + 1) / (N + K), mean, factor: cholesky(covariance, n) };
  });
}

async function toNumbers(array: np.Array): Promise<Float64Array> {
  return Float64Array.from(await array.data());
}
