import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** Added to the diagonal of covariances, as a part of its mean. */
const RIDGE = 1e-3;

/**
 * The squared distance (x − m)ᵀ Σ⁻¹ (x − m) of rows x to the nearest mean m of a class, in the covariance Σ that all classes share.
 *
 * @param rows training rows [n, width]
 * @param labels the class of each training row; by default all are of one
 * @returns a function of further rows [m, width], a distance for each
 *
 * Source: Lee et al. 2018 (arXiv:1807.03888), equation 2
 */
export function mahalanobis(
  { rows, width }: Readonly<{ rows: Float32Array; width: number }>,
  labels: ArrayLike<number> = [],
): (rows: Float32Array) => Float64Array {
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
  // (x − m)ᵀ Σ⁻¹ (x − m), with Σ⁻¹ applied to rows and means once
  const inverse = new CholeskyDecomposition(covariance.add(Matrix.eye(width).mul(ridge))).solve(
    Matrix.eye(width),
  );
  const ofMeans = new Matrix([...means.values()].map(({ sum }) => Array.from(sum)));
  const appliedToMeans = ofMeans.mmul(inverse);
  return (others) => {
    const x = Matrix.from1DArray(others.length / width, width, Array.from(others));
    const applied = x.mmul(inverse);
    return Float64Array.from({ length: x.rows }, (_, i) => {
      const distances = Array.from({ length: ofMeans.rows }, (_m, k) => {
        let sum = 0;
        for (let c = 0; c < width; c++)
          sum += (x.get(i, c) - ofMeans.get(k, c)) * (applied.get(i, c) - appliedToMeans.get(k, c));
        return sum;
      });
      return Math.min(...distances);
    });
  };
}
