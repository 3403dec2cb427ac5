import { type HostMatrix, orthonormalize, symmetricEigen } from "../math/linalg.js";
import { type Dense, transposed, transposedTimes } from "../math/products.js";
import { eigenOf } from "../math/symmetric-eigen.js";

/** Most rounds, and the gain in nats of all rows below which another one brings too little: for each column while the number of factors is chosen, and after. */
const ROUNDS = 100;
const SETTLED = { first: 0.01, last: 0.05 } as const;

/** Most factors, and directions beside them that a round keeps, so that it soon finds the largest ones. */
const MOST = 64;
const BESIDE = 8;

/** Least own variance of a column, as a share of all of it. */
const LEAST = 1e-4;

/** Λ [n, k], the diagonal of Ψ, and −2 log-likelihood of a row without its constant. */
type Factors = Readonly<{ loadings: Dense; own: Float64Array; deviance: number }>;

/** A covariance, its diagonal, and its principal directions. */
type Given = Readonly<{ S: Dense; all: Float64Array; values: Float64Array; vectors: HostMatrix }>;

/**
 * The covariance Λ Λᵀ + Ψ of columns that share a few factors, Ψ diagonal, for an empirical one S of so many rows. The
 * number of factors has the least Bayesian information criterion: it is doubled as long as that falls, then halved steps
 * to either side follow. Where no number leaves enough of the covariance to estimate it, S stays as it is.
 *
 * Source: Jöreskog 1967 (maximum likelihood); Schwarz 1978.
 */
export async function factored(covariance: HostMatrix, rows: number): Promise<HostMatrix> {
  const n = covariance.rows;
  const all = Float64Array.from({ length: n }, (_, i) => covariance.data[i * n + i]!);
  const given = { S: { data: covariance.data, columns: n }, all, ...(await eigenOf(covariance)) };
  let best: { k: number; bic: number } | undefined;
  const tried = new Set<number>();
  const isBetter = (k: number): boolean => {
    if (k < 1 || k > MOST || (n - k) ** 2 < n + k || tried.has(k)) return false;
    tried.add(k);
    const found = likeliest(given, k, (2 * n * SETTLED.first) / rows);
    const parameters = n * (k + 1) - (k * (k - 1)) / 2;
    const bic = rows * found.deviance + parameters * Math.log(rows);
    if (best && bic >= best.bic) return false;
    best = { k, bic };
    return true;
  };
  let top = 1;
  while (isBetter(top)) top *= 2;
  for (let step = top / 4; best && step >= Math.max(1, top / 16); step /= 2)
    if (!isBetter(best.k - step)) isBetter(best.k + step);
  if (!best) return covariance;
  const { loadings, own } = likeliest(given, best.k, (2 * SETTLED.last) / rows);
  const turned = transposed(loadings);
  const data = transposedTimes(turned, turned);
  for (const [i, variance] of own.entries()) data[i * n + i]! += variance;
  return { rows: n, columns: n, data };
}

/** Rows of a matrix, each times a number. */
function scaled({ data, columns }: Dense, by: (row: number) => number): Dense {
  const product = new Float64Array(data.length);
  for (let at = 0, row = 0; at < data.length; row++)
    for (const [end, factor] = [at + columns, by(row)]; at < end; at++) product[at] = data[at]! * factor;
  return { data: product, columns };
}

/** diag(S − Λ Λᵀ), floored. */
const ownOf = (all: Float64Array, { data, columns }: Dense): Float64Array =>
  all.map((variance, i) => {
    let left = variance;
    for (let at = i * columns; at < (i + 1) * columns; at++) left -= data[at]! ** 2;
    return Math.max(left, LEAST * Math.max(variance, LEAST));
  });

/**
 * Given Ψ, the likeliest Λ follows from the k largest eigenvalues θ and eigenvectors V of Ψ^−½ S Ψ^−½: Λ = Ψ^½ V (θ − 1)^½. Ψ
 * follows from Λ. A round does both, with the eigenvectors in the span of S times those of the round before (subspace iteration):
 * S is multiplied by k + 8 columns, and nothing else is of n² numbers.
 */
function likeliest({ S, all, values, vectors }: Given, k: number, settled: number): Factors {
  const n = all.length;
  const p = Math.min(n, k + BESIDE);
  const rest = values.subarray(0, n - k).reduce((sum, value) => sum + value, 0) / (n - k);
  /** The first columns of [n, p], each times a number. */
  const first = ({ data }: Dense, by: (j: number) => number): Dense => {
    const factors = Array.from({ length: k }, (_, j) => by(j));
    return {
      data: Float64Array.from(
        { length: n * k },
        (_, at) => data[Math.floor(at / k) * p + (at % k)]! * factors[at % k]!,
      ),
      columns: k,
    };
  };
  let span: Dense = {
    data: Float64Array.from(
      { length: n * p },
      (_, at) => vectors.data[Math.floor(at / p) * n + n - 1 - (at % p)]!,
    ),
    columns: p,
  };
  let own = ownOf(
    all,
    first(span, (j) => Math.sqrt(Math.max(values[n - 1 - j]! - rest, 0))),
  );
  let best: Factors | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const std = own.map(Math.sqrt);
    const turned = transposed(scaled(span, (i) => 1 / std[i]!));
    orthonormalize(Array.from({ length: p }, (_, j) => turned.data.subarray(j * n, (j + 1) * n)));
    const basis = transposed(turned);
    const product = {
      data: transposedTimes(
        S,
        scaled(basis, (i) => 1 / std[i]!),
      ),
      columns: p,
    };
    const image = scaled(product, (i) => 1 / std[i]!);
    const inner = symmetricEigen({ rows: p, columns: p, data: transposedTimes(basis, image) });
    // the largest first
    const turn = {
      data: inner.vectors.data.map((_, at, of) => of[at - (at % p) + p - 1 - (at % p)]!),
      columns: p,
    };
    const large = (j: number): number => Math.max(inner.values[p - 1 - j]!, 1);
    const found = transposedTimes(turned, turn);
    const loadings = scaled(
      first({ data: found, columns: p }, (j) => Math.sqrt(large(j) - 1)),
      (i) => std[i]!,
    );
    let deviance = own.reduce((sum, v, i) => sum + Math.log(v) + all[i]! / v, 0);
    for (let j = 0; j < k; j++) deviance += Math.log(large(j)) - (large(j) - 1);
    const gain = best ? best.deviance - deviance : Number.POSITIVE_INFINITY;
    if (!best || gain > 0) best = { loadings, own, deviance };
    if (!(gain > settled)) break;
    own = ownOf(all, loadings);
    span = { data: transposedTimes(transposed(product), turn), columns: p };
  }
  return best as Factors;
}
