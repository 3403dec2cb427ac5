import { inverse, LU, Matrix } from "ml-matrix";
import type { HostMatrix } from "../math/linalg.js";
import { eigenOf, LARGE } from "../math/symmetric-eigen.js";

/** Most rounds of expectation maximization. */
const ROUNDS = 200;

/** Numbers of factors that are tried, and the part by which no own variance changes any more where rounds end: of few columns, of many. */
const FEW = { tried: Array.from({ length: 16 }, (_, k) => k + 1), settled: 1e-5 };
const MANY = { tried: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32], settled: 1e-4 };

/** How often more factors may be worse before none are tried. */
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
export async function factored(covariance: HostMatrix, rows: number): Promise<HostMatrix> {
  const n = covariance.rows;
  const S = Matrix.from1DArray(n, n, Array.from(covariance.data));
  const { values, vectors } = await eigenOf(covariance);
  let best: { bic: number; matrix: Matrix } | undefined;
  let worse = 0;
  const { tried, settled } = n < LARGE ? FEW : MANY;
  for (const k of tried) {
    if ((n - k) ** 2 < n + k || worse === PATIENCE) break;
    const found = maximized(S, startOf(S, values, vectors, k), settled);
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

function maximized(S: Matrix, start: Factors, settled: number): Factors {
  const of = S.to2DArray().map((row) => Float64Array.from(row));
  let found = start;
  for (let round = 0; round < ROUNDS; round++) {
    const { weights, inner } = scaled(found);
    const expectation = inverse(inner).mmul(weights.transpose()); // [k, n]
    const cross = timesRows(of, expectation); // [n, k]
    const square = Matrix.eye(inner.rows).sub(expectation.mmul(found.loadings)).add(expectation.mmul(cross));
    const loadings = cross.mmul(inverse(square));
    const own = ownOf(S, loadings, cross);
    const change = own.reduce((most, v, i) => Math.max(most, Math.abs(v / found.own[i]! - 1)), 0);
    found = { loadings, own };
    if (change < settled) break;
  }
  return found;
}

/** S Aᵀ for the rows of a symmetric S and of A [k, n], which takes nearly all the time: four rows of A at once. */
function timesRows(S: readonly Float64Array[], A: Matrix): Matrix {
  const zeros = new Float64Array(S.length);
  const rows = A.to2DArray().map((row) => Float64Array.from(row));
  const products = Matrix.zeros(S.length, rows.length);
  for (let k = 0; k < rows.length; k += 4) {
    const of = (j: number): Float64Array => rows[k + j] ?? zeros;
    const [a, b, c, d] = [of(0), of(1), of(2), of(3)];
    for (const [i, row] of S.entries()) {
      let [p, q, r, s] = [0, 0, 0, 0];
      for (let j = 0; j < row.length; j++) {
        const v = row[j]!;
        p += v * a[j]!;
        q += v * b[j]!;
        r += v * c[j]!;
        s += v * d[j]!;
      }
      for (const [j, sum] of [p, q, r, s].entries()) if (k + j < rows.length) products.set(i, k + j, sum);
    }
  }
  return products;
}

/** −2 log-likelihood of a row without its constant: log |C| + tr C⁻¹ S for C = Λ Λᵀ + Ψ. */
function deviance(S: Matrix, found: Factors): number {
  const { weights, inner } = scaled(found);
  const logDeterminant =
    Math.log(new LU(inner).determinant) + found.own.reduce((sum, v) => sum + Math.log(v), 0);
  const explained = inverse(inner).mmul(weights.transpose().mmul(S).mmul(weights)).trace();
  return logDeterminant + found.own.reduce((sum, v, i) => sum + S.get(i, i) / v, 0) - explained;
}
