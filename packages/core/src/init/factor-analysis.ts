import { inverse, LU, Matrix } from "ml-matrix";
import { type HostMatrix, symmetricEigen } from "../math/linalg.js";

/** Rounds of expectation maximization, most factors, and how often more factors may be worse before none are tried. */
const ROUNDS = 200;
const MOST = 16;
const PATIENCE = 2;

/** Least own variance of a column, as a share of all of it. */
const LEAST = 1e-4;

type Factors = Readonly<{ loadings: Matrix; own: readonly number[] }>;

/**
 * The covariance Λ Λᵀ + Ψ of columns that share a few factors, Ψ diagonal, for an empirical one S of so many rows. The
 * number of factors has the least Bayesian information criterion; with none of them S stays as it is.
 *
 * Source: Rubin and Thayer 1982 (expectation maximization); Schwarz 1978.
 */
export function factored(covariance: HostMatrix, rows: number): HostMatrix {
  const n = covariance.rows;
  const S = Matrix.from1DArray(n, n, Array.from(covariance.data));
  const { values, vectors } = symmetricEigen(covariance);
  let best: { bic: number; matrix: Matrix } | undefined;
  let worse = 0;
  for (let k = 1; k <= MOST && (n - k) ** 2 >= n + k && worse < PATIENCE; k++) {
    const found = maximized(S, startOf(S, values, vectors, k));
    const parameters = n * (k + 1) - (k * (k - 1)) / 2;
    const bic = rows * deviance(S, found) + parameters * Math.log(rows);
    if (best && bic >= best.bic) worse++;
    else
      best = {
        bic,
        matrix: found.loadings.mmul(found.loadings.transpose()).add(Matrix.diag([...found.own])),
      };
  }
  return best ? { rows: n, columns: n, data: Float64Array.from(best.matrix.to1DArray()) } : covariance;
}

/** The k principal directions, longer than what the others leave. */
function startOf(S: Matrix, values: Float64Array, { data, rows: n }: HostMatrix, k: number): Factors {
  const rest = values.slice(0, n - k).reduce((sum, value) => sum + value, 0) / (n - k);
  const length = (j: number): number => Math.sqrt(Math.max(values[n - 1 - j]! - rest, LEAST));
  const loadings = Matrix.zeros(n, k);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < k; j++) loadings.set(i, j, data[i * n + n - 1 - j]! * length(j));
  return { loadings, own: ownOf(S, loadings, loadings) };
}

/** diag(S − A Bᵀ), floored. */
const ownOf = (S: Matrix, a: Matrix, b: Matrix): number[] =>
  S.diagonal().map((all, i) =>
    Math.max(all - a.getRow(i).reduce((sum, v, j) => sum + v * b.get(i, j), 0), LEAST * Math.max(all, LEAST)),
  );

/** Ψ⁻¹ Λ [n, k], and I + Λᵀ Ψ⁻¹ Λ [k, k]. */
function scaled({ loadings, own }: Factors): { weights: Matrix; inner: Matrix } {
  const weights = loadings.clone();
  for (const [i, variance] of own.entries()) weights.mulRow(i, 1 / variance);
  return { weights, inner: Matrix.eye(loadings.columns).add(loadings.transpose().mmul(weights)) };
}

function maximized(S: Matrix, start: Factors): Factors {
  let found = start;
  for (let round = 0; round < ROUNDS; round++) {
    const { weights, inner } = scaled(found);
    const expectation = inverse(inner).mmul(weights.transpose()); // [k, n]
    const cross = S.mmul(expectation.transpose()); // [n, k]
    const square = Matrix.eye(inner.rows).sub(expectation.mmul(found.loadings)).add(expectation.mmul(cross));
    const loadings = cross.mmul(inverse(square));
    found = { loadings, own: ownOf(S, loadings, cross) };
  }
  return found;
}

/** −2 log-likelihood of a row without its constant: log |C| + tr C⁻¹ S for C = Λ Λᵀ + Ψ. */
function deviance(S: Matrix, found: Factors): number {
  const { weights, inner } = scaled(found);
  const logDeterminant =
    Math.log(new LU(inner).determinant) + found.own.reduce((sum, v) => sum + Math.log(v), 0);
  const explained = inverse(inner).mmul(weights.transpose().mmul(S).mmul(weights)).trace();
  return logDeterminant + found.own.reduce((sum, v, i) => sum + S.get(i, i) / v, 0) - explained;
}
