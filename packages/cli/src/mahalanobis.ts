import { CholeskyDecomposition, inverse, Matrix } from "ml-matrix";

/** Added to the diagonal of covariances, as a part of its mean. */
const RIDGE = 1e-3;

/** Gaussians of one covariance Σ: their means [classes, width], and W [width, width] with W Wᵀ = Σ⁻¹, so that rows times W are white. */
export type Gaussians = Readonly<{ means: Matrix; whitening: Matrix }>;

/**
 * The means of classes of rows, and the covariance that all classes share.
 *
 * @param rows training rows [n, width]
 * @param labels the class of each training row; by default all are of one
 *
 * Source: Lee et al. 2018 (arXiv:1807.03888), equation 1
 */
export function gaussiansOf(
  { rows, width }: Readonly<{ rows: Float32Array; width: number }>,
  labels: ArrayLike<number> = [],
): Gaussians {
  const count = rows.length / width;
  const means = new Map<number, { sum: Float64Array; count: number }>();
  const each = (visit: (row: Float32Array, label: number) => void): void => {
    for (let i = 0; i < count; i++) visit(rows.subarray(i * width, (i + 1) * width), labels[i] ?? 0);
  };
  each((row, label) => {
    const own = means.get(label) ?? { sum: new Float64Array(width), count: 0 };
    for (const [c, value] of row.entries()) own.sum[c] = (own.sum[c] ?? 0) + value;
    own.count++;
    means.set(label, own);
  });
  for (const { sum, count: some } of means.values())
    for (const [c, value] of sum.entries()) sum[c] = value / some;
  const centred = Matrix.zeros(count, width);
  let at = 0;
  each((row, label) => {
    const mean = means.get(label)?.sum;
    centred.setRow(
      at++,
      Array.from(row, (value, c) => value - (mean?.[c] ?? 0)),
    );
  });
  const covariance = centred.transpose().mmul(centred).div(count);
  const ridge = (RIDGE * covariance.trace()) / width || 1;
  const { lowerTriangularMatrix: factor } = new CholeskyDecomposition(
    covariance.add(Matrix.eye(width).mul(ridge)),
  );
  return {
    means: new Matrix([...means.values()].map(({ sum }) => Array.from(sum))),
    whitening: inverse(factor).transpose(),
  };
}

/**
 * The squared distance (x − m)ᵀ Σ⁻¹ (x − m) of rows x [n, width] to the nearest mean m.
 *
 * Source: Lee et al. 2018 (arXiv:1807.03888), equation 2
 */
export function mahalanobis({ means, whitening }: Gaussians, rows: Float32Array): Float64Array {
  const width = whitening.rows;
  const white = Matrix.from1DArray(rows.length / width, width, Array.from(rows)).mmul(whitening);
  const whiteMeans = means.mmul(whitening);
  return Float64Array.from({ length: white.rows }, (_, i) => {
    const distances = Array.from({ length: means.rows }, (_m, k) => {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += (white.get(i, c) - whiteMeans.get(k, c)) ** 2;
      return sum;
    });
    return Math.min(...distances);
  });
}
