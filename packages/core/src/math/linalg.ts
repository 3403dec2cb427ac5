import { EigenvalueDecomposition, Matrix, SingularValueDecomposition, solve as solveLinear } from "ml-matrix";
import type { Rng } from "./rng.js";

/** A dense matrix on the host in float64, row-major. */
export type HostMatrix = { rows: number; columns: number; data: Float64Array };

const toMl = (m: HostMatrix): Matrix => Matrix.from1DArray(m.rows, m.columns, m.data);

function fromMl(m: Matrix): HostMatrix {
  const data = new Float64Array(m.rows * m.columns);
  for (let i = 0; i < m.rows; i++) for (let j = 0; j < m.columns; j++) data[i * m.columns + j] = m.get(i, j);
  return { rows: m.rows, columns: m.columns, data };
}

/** The solution a of M a = b, of a square matrix M that is not singular. */
export const solve = (m: HostMatrix, b: Float64Array): Float64Array =>
  Float64Array.from(solveLinear(toMl(m), Matrix.columnVector(b)).to1DArray());

export const identityMatrix = (n: number): HostMatrix => fromMl(Matrix.eye(n));

/** Eigenvalues, ascending, and orthonormal eigenvectors (columns) of a symmetric matrix. */
export function symmetricEigen(m: HostMatrix): { values: Float64Array; vectors: HostMatrix } {
  const evd = new EigenvalueDecomposition(toMl(m), { assumeSymmetric: true });
  return { values: Float64Array.from(evd.realEigenvalues), vectors: fromMl(evd.eigenvectorMatrix) };
}

/**
 * A random orthogonal matrix, uniform on O(n): Gaussian columns orthonormalized, whose R has a positive diagonal. In float64 it is orthogonal to about 1e-12.
 */
export function randomOrthogonal(rng: Rng, n: number): HostMatrix {
  const columns = Array.from({ length: n }, () => Float64Array.from({ length: n }, () => rng.normal()));
  orthonormalize(columns);
  const data = new Float64Array(n * n);
  columns.forEach((column, j) => {
    for (let i = 0; i < n; i++) data[i * n + j] = column[i] as number;
  });
  return { rows: n, columns: n, data };
}

/** Share of a vector that has to be left. */
const DEPENDENT = 1e-10;

/**
 * Makes vectors orthonormal, in place, by Gram and Schmidt (modified). One that depends on those before it becomes zero.
 */
export function orthonormalize(vectors: readonly Float64Array[]): void {
  const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  for (const [j, vector] of vectors.entries()) {
    const length = Math.sqrt(dot(vector, vector));
    const by = length > DEPENDENT * lengths[j]! ? 1 / length : 0;
    for (let i = 0; i < vector.length; i++) vector[i]! *= by;
    for (const later of vectors.slice(j + 1)) {
      const overlap = dot(vector, later);
      for (let i = 0; i < vector.length; i++) later[i]! -= overlap * vector[i]!;
    }
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

type Svd = { u: HostMatrix; s: Float64Array; v: HostMatrix };

/** W = U diag(σ) Vᵀ with as many columns in U and V as there are singular values; σ descending. */
export function thinSvd(w: HostMatrix): Svd {
  const wide = w.rows < w.columns;
  const svd = new SingularValueDecomposition(wide ? toMl(w).transpose() : toMl(w), { autoTranspose: false });
  const [tall, square] = [fromMl(svd.leftSingularVectors), fromMl(svd.rightSingularVectors)];
  const s = Float64Array.from(svd.diagonal);
  return wide ? { u: square, s, v: tall } : { u: tall, s, v: square };
}

/**
 * The full singular value decomposition W = U diag(σ) Vᵀ of an m × n matrix: U (m × m) and V (n × n)
 * orthogonal, completed where W has fewer singular values than columns or rows; σ descending.
 */
export function fullSvd(w: HostMatrix): Svd {
  const { u, s, v } = thinSvd(w);
  return { u: completeBasis(u), s, v: completeBasis(v) };
}

/** I − Y T Yᵀ, orthogonal: the product of the reflections of the columns of Y [n, c]. */
export type HostReflections = { vectors: HostMatrix; factor: HostMatrix };

/** Unit vectors v_j with H₁ … H_c e_j = signs_j q_j, H = I − 2 v vᵀ, for the columns q_j of an orthonormal matrix. */
function householder({ rows: n, columns: c, data }: HostMatrix): {
  mirrors: Float64Array[];
  signs: Float64Array;
} {
  const columns = Array.from({ length: c }, (_, j) =>
    Float64Array.from({ length: n }, (_v, i) => data[i * c + j] as number),
  );
  const signs = new Float64Array(c).fill(1);
  const mirrors = columns.map((column, j) => {
    const v = Float64Array.from(column).fill(0, 0, j);
    const length = Math.sqrt(dot(v, v));
    if (length === 0) return v;
    const sign = (v[j] as number) < 0 ? -1 : 1;
    signs[j] = -sign;
    v[j]! += sign * length;
    const unit = Math.sqrt(dot(v, v));
    for (let i = j; i < n; i++) v[i]! /= unit;
    for (const later of columns.slice(j + 1)) {
      const twice = 2 * dot(v, later);
      for (let i = j; i < n; i++) later[i]! -= twice * (v[i] as number);
    }
    return v;
  });
  return { mirrors, signs };
}

/**
 * An orthogonal matrix whose first columns are those of q [n, c] times `signs`, in O(n c) numbers.
 *
 * Source: Schreiber and Van Loan 1989, A storage-efficient WY representation.
 */
export function reflections(q: HostMatrix): { matrix: HostReflections; signs: Float64Array } {
  const { mirrors, signs } = householder(q);
  const c = q.columns;
  const factor = new Float64Array(c * c);
  for (const [j, v] of mirrors.entries()) {
    factor[j * c + j] = 2;
    const overlaps = mirrors.slice(0, j).map((other) => dot(other, v));
    for (let i = 0; i < j; i++)
      for (let k = i; k < j; k++)
        factor[i * c + j]! -= 2 * (factor[i * c + k] as number) * (overlaps[k] as number);
  }
  const vectors = new Float64Array(q.rows * c);
  for (const [j, v] of mirrors.entries())
    for (let i = 0; i < q.rows; i++) vectors[i * c + j] = v[i] as number;
  return {
    matrix: {
      vectors: { rows: q.rows, columns: c, data: vectors },
      factor: { rows: c, columns: c, data: factor },
    },
    signs,
  };
}

/**
 * Extends n × c orthonormal columns (n ≥ c) to an n × n orthogonal matrix. A column that depends on earlier ones (for
 * singular values of 0) is replaced.
 */
export function completeBasis(q: HostMatrix): HostMatrix {
  const { rows: n, columns: c } = q;
  const { mirrors, signs } = householder(q);
  const { data } = identityMatrix(n);
  const overlap = new Float64Array(n);
  for (const [j, v] of [...mirrors.entries()].reverse()) {
    overlap.fill(0);
    for (let i = j; i < n; i++)
      for (let k = j; k < n; k++) overlap[k]! += (v[i] as number) * (data[i * n + k] as number);
    for (let i = j; i < n; i++)
      for (let k = j; k < n; k++) data[i * n + k]! -= 2 * (v[i] as number) * (overlap[k] as number);
  }
  for (let j = 0; j < c; j++) for (let i = 0; i < n; i++) data[i * n + j]! *= signs[j] as number;
  return { rows: n, columns: n, data };
}
