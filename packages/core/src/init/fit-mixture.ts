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

/** log N(row; mean, F Fᵀ) without the constant; `t` [n] is overwritten. */
function logDensity(row: Float64Array, { mean, factor }: FittedNormal, t: Float64Array): number {
  const n = row.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    let rest = row[i]! - mean[i]!;
    for (let j = 0; j < i; j++) rest -= factor[i * n + j]! * t[j]!;
    t[i] = rest / factor[i * n + i]!;
    sum -= 0.5 * t[i]! * t[i]! + Math.log(factor[i * n + i]!);
  }
  return sum;
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
    centres = centres.map((before, k) => {
      const own = rows.filter((_, r) => nearest[r] === k);
      return own.length === 0 ? before : Float64Array.from(before, (_, i) => meanOf(own, (row) => row[i]!));
    });
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
export function fitMixture(data: readonly Float64Array[], K: number): FittedNormal[] {
  const n = data[0]!.length;
  const columns = Array.from({ length: n }, (_, i) => {
    const mean = meanOf(data, (row) => row[i]!);
    const std = Math.sqrt(meanOf(data, (row) => (row[i]! - mean) ** 2));
    return { mean, std: std > 1e-6 * Math.abs(mean) && std > 0 ? std : 1 };
  });
  const rows = data.map((row) => row.map((v, i) => (v - columns[i]!.mean) / columns[i]!.std));
  const nearest = nearestCentres(rows, K);
  let shares: Float64Array[] = Array.from({ length: K }, (_, k) =>
    Float64Array.from(nearest, (of) => Number(of === k)),
  );
  let fitted: FittedNormal[] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    fitted = maximized(rows, shares);
    const { expected, gain } = expectation(rows, fitted);
    shares = expected;
    if (gain - before < LEAST_GAIN) break;
    before = gain;
  }
  return fitted.map(({ weight, mean, factor }) => ({
    weight,
    mean: mean.map((v, i) => v * columns[i]!.std + columns[i]!.mean),
    factor: factor.map((v, at) => v * columns[Math.floor(at / n)]!.std),
  }));
}

/** The share of each normal in each row, [K][N], and the mean of log p, without the constant. */
function expectation(rows: readonly Float64Array[], fitted: readonly FittedNormal[]) {
  const expected = fitted.map(() => new Float64Array(rows.length));
  const t = new Float64Array(rows[0]!.length);
  let gain = 0;
  for (const [r, row] of rows.entries()) {
    const logs = fitted.map((normal) => Math.log(normal.weight) + logDensity(row, normal, t));
    const top = Math.max(...logs);
    const sum = logs.reduce((total, log) => total + Math.exp(log - top), 0);
    for (const [k, log] of logs.entries()) expected[k]![r] = Math.exp(log - top) / sum;
    gain += (top + Math.log(sum)) / rows.length;
  }
  return { expected, gain };
}

/** The normals that explain rows best, with these shares [K][N] in them. */
function maximized(rows: readonly Float64Array[], shares: readonly Float64Array[]): FittedNormal[] {
  const [N, n, K] = [rows.length, rows[0]!.length, shares.length];
  const scattered = shares.map((share) => {
    const count = share.reduce((a, b) => a + b, 0);
    const mean = new Float64Array(n);
    for (const [r, row] of rows.entries())
      for (let i = 0; i < n; i++) mean[i]! += (share[r]! * row[i]!) / Math.max(count, 1e-9);
    const scatter = new Float64Array(n * n);
    const d = new Float64Array(n);
    for (const [r, row] of rows.entries()) {
      const own = share[r]!;
      if (own < 1e-6) continue;
      for (let i = 0; i < n; i++) d[i] = row[i]! - mean[i]!;
      for (let i = 0; i < n; i++) {
        const scaled = own * d[i]!;
        for (let j = 0; j <= i; j++) scatter[i * n + j]! += scaled * d[j]!;
      }
    }
    return { count, mean, scatter };
  });
  const within = Float64Array.from(
    { length: n },
    (_, i) => scattered.reduce((sum, { scatter }) => sum + scatter[i * n + i]!, 0) / N,
  );
  return scattered.map(({ count, mean, scatter }) => {
    const covariance = scatter.map((v, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (v + (i === j ? n * within[i]! : 0)) / (count + n) + (i === j ? LEAST_VARIANCE : 0);
    });
    return { weight: (count + 1) / (N + K), mean, factor: cholesky(covariance, n) };
  });
}
