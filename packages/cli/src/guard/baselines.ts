import type { Executor } from "@flowify/core";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { neighbourDistances } from "../detect/knn.js";

/** Activations and scores of classes, [n, width] and [n, classes]. */
export type Seen = Readonly<{ rows: Float32Array; width: number; logits: Float32Array; classes: number }>;

/** Added to the diagonal of covariances, as a part of its mean. */
const RIDGE = 1e-3;

const eachOf = (logits: Float32Array, classes: number, score: (own: Float32Array, most: number) => number) =>
  Float64Array.from({ length: logits.length / classes }, (_, i) => {
    const own = logits.subarray(i * classes, (i + 1) * classes);
    return score(own, Math.max(...own));
  });

const sumExp = (own: Float32Array, most: number): number =>
  own.reduce((sum, each) => sum + Math.exp(each - most), 0);

/**
 * What a guard is compared with, from the same activations: scores of sets, high for unusual examples.
 *
 * Sources: Hendrycks, Gimpel 2017 (arXiv:1610.02136); Liu et al. 2020 (arXiv:2010.03759); Lee et al. 2018
 * (arXiv:1807.03888); Sun et al. 2022 (arXiv:2204.06507)
 *
 * @param labels of the training examples
 */
export function baselinesOf(
  executor: Executor,
  training: Seen,
  labels: ArrayLike<number>,
): Readonly<Record<string, (seen: Seen) => Float64Array | Promise<Float64Array>>> {
  const far = mahalanobis(training, labels);
  return {
    "max softmax": ({ logits, classes }) => eachOf(logits, classes, (own, most) => -1 / sumExp(own, most)),
    energy: ({ logits, classes }) =>
      eachOf(logits, classes, (own, most) => -most - Math.log(sumExp(own, most))),
    Mahalanobis: ({ rows }) => far(rows),
    "5th neighbour": ({ rows, width }) => neighbourDistances(executor, training.rows, rows, width),
  };
}

/** The least distance to the mean of a class, in the covariance that all classes share. */
function mahalanobis({ rows, width }: Seen, labels: ArrayLike<number>): (rows: Float32Array) => Float64Array {
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
