import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { valueAt } from "../places.js";
import { columnScale, type Features } from "./features.js";

/**
 * The squared Fréchet distance of Gaussians fitted to two sets of features:
 *
 *     |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½)
 *
 * Zero for equal moments; finite sets from the same distribution have a positive distance, which decreases with their
 * size.
 *
 * Source: Heusel et al. 2017 (arXiv:1706.08500), equation 6.
 */
export function frechetDistance(a: Features, b: Features): number {
  const [{ mean: meanA }, { mean: meanB }] = [columnScale(a), columnScale(b)];
  const [covA, covB] = [covariance(a, meanA), covariance(b, meanB)];
  const between = meanA.reduce((sum, value, i) => sum + (value - valueAt(meanB, i)) ** 2, 0);
  const root = squareRoot(covA);
  const cross = new EigenvalueDecomposition(root.mmul(covB).mmul(root), { assumeSymmetric: true });
  const overlap = cross.realEigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  return Math.max(0, between + covA.trace() + covB.trace() - 2 * overlap);
}

function covariance({ rows, count, size }: Features, mean: Float64Array): Matrix {
  const centred = Matrix.from1DArray(count, size, Array.from(rows)).subRowVector(Array.from(mean));
  return centred.transpose().mmul(centred).div(count);
}

/** The symmetric square root of a covariance. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix: v } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(value, 0))));
  return v.mmul(roots).mmul(v.transpose());
}
