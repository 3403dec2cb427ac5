import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from "ml-matrix";
import type { Rng } from "./rng.js";

/** A dense matrix on the host in float64, row-major. */
export type HostMatrix = { rows: number; columns: number; data: Float64Array };

const toMl = (m: HostMatrix): Matrix => Matrix.from1DArray(m.rows, m.columns, m.data);

function fromMl(m: Matrix): HostMatrix {
  const data = new Float64Array(m.rows * m.columns);
  for (let i = 0; i < m.rows; i++) for (let j = 0; j < m.columns; j++) data[i * m.columns + j] = m.get(i, j);
  return { rows: m.rows, columns: m.columns, data };
}

export const identityMatrix = (n: number): HostMatrix => {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return { rows: n, columns: n, data };
};

/** Eigenvalues, ascending, and orthonormal eigenvectors (columns) of a symmetric matrix. */
export function symmetricEigen(m: HostMatrix): { values: Float64Array; vectors: HostMatrix } {
  const evd = new EigenvalueDecomposition(toMl(m), { assumeSymmetric: true });
  return { values: Float64Array.from(evd.realEigenvalues), vectors: fromMl(evd.eigenvectorMatrix) };
}

/**
 * A random orthogonal matrix, uniform on O(n): Gaussian columns orthonormalized by Gram and Schmidt
 * (modified), whose R has a positive diagonal. In float64 it is orthogonal to about 1e-12.
 */
export function randomOrthogonal(rng: Rng, n: number): HostMatrix {
  const columns = Array.from({ length: n }, () => Float64Array.from({ length: n }, () => rng.normal()));
  columns.forEach((column, j) => {
    const norm = Math.sqrt(dot(column, column));
    for (let i = 0; i < n; i++) column[i]! /= norm;
    for (let k = j + 1; k < n; k++) {
      const later = columns[k] as Float64Array;
      const overlap = dot(column, later);
      for (let i = 0; i < n; i++) later[i]! -= overlap * (column[i] as number);
    }
  });
  const data = new Float64Array(n * n);
  columns.forEach((column, j) => {
    for (let i = 0; i < n; i++) data[i * n + j] = column[i] as number;
  });
  return { rows: n, columns: n, data };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/**
 * The full singular value decomposition W = U diag(σ) Vᵀ of an m × n matrix: U (m × m) and V (n × n)
 * orthogonal, completed where W has fewer singular values than columns or rows; σ descending.
 */
export function fullSvd(w: HostMatrix): { u: HostMatrix; s: Float64Array; v: HostMatrix } {
  const wide = w.rows < w.columns;
  const a = wide ? toMl(w).transpose() : toMl(w); // tall: rows ≥ columns
  const svd = new SingularValueDecomposition(a, { autoTranspose: false });
  const tall = completeBasis(fromMl(svd.leftSingularVectors));
  const square = completeBasis(fromMl(svd.rightSingularVectors));
  const s = Float64Array.from(svd.diagonal);
  return wide ? { u: square, s, v: tall } : { u: tall, s, v: square };
}

/** Extends r × c orthonormal columns (r ≥ c) to an r × r orthogonal matrix by Gram–Schmidt, done twice. */
function completeBasis(q: HostMatrix): HostMatrix {
  const n = q.rows;
  if (q.columns > n) throw new RangeError(`completeBasis: ${q.columns} columns in ${n} dimensions`);
  const columns: Float64Array[] = [];
  const accept = (candidate: Float64Array): boolean => {
    for (let pass = 0; pass < 2; pass++)
      for (const c of columns) {
        let dot = 0;
        for (let i = 0; i < n; i++) dot += c[i]! * candidate[i]!;
        for (let i = 0; i < n; i++) candidate[i]! -= dot * c[i]!;
      }
    const norm = Math.hypot(...candidate);
    if (norm < 1e-8) return false;
    for (let i = 0; i < n; i++) candidate[i]! /= norm;
    columns.push(candidate);
    return true;
  };
  for (let j = 0; j < q.columns; j++) {
    const column = Float64Array.from({ length: n }, (_, i) => q.data[i * q.columns + j]!);
    if (!accept(column)) accept(basisVector(n, columns));
  }
  while (columns.length < n) accept(basisVector(n, columns));
  const data = new Float64Array(n * n);
  columns.forEach((c, j) => {
    for (let i = 0; i < n; i++) data[i * n + j] = c[i]!;
  });
  return { rows: n, columns: n, data };
}

/** The unit vector that the given orthonormal columns cover least. */
function basisVector(n: number, columns: readonly Float64Array[]): Float64Array {
  const covered = new Float64Array(n);
  for (const c of columns) for (let i = 0; i < n; i++) covered[i]! += c[i]! * c[i]!;
  const e = new Float64Array(n);
  e[covered.indexOf(Math.min(...covered))] = 1;
  return e;
}
