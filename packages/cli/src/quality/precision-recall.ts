import type { Features } from "./features.js";

/** k: a ball around a point extends to its k-th nearest neighbour. */
const NEIGHBOURS = 3;

/**
 * Precision: the share of samples that lie in the support of the real features; recall: the share of real features that
 * lie in the support of the samples. The support of a set is the union of balls around its points, each as far as the
 * third nearest neighbour.
 *
 * Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2.
 */
export function precisionRecall(real: Features, samples: Features): { precision: number; recall: number } {
  return { precision: shareInside(real, samples), recall: shareInside(samples, real) };
}

/** The share of `points` inside of the support of `set`. */
function shareInside(set: Features, points: Features): number {
  const radii = Float64Array.from({ length: set.count }, (_, i) => radiusAround(set, i));
  let inside = 0;
  for (let i = 0; i < points.count; i++)
    if (radii.some((radius, j) => squaredDistance(points, i, set, j) <= radius)) inside++;
  return inside / points.count;
}

/** The squared distance from a point to its third nearest neighbour in the set, of which it is itself the nearest. */
function radiusAround(set: Features, i: number): number {
  const distances = Float64Array.from({ length: set.count }, (_, j) => squaredDistance(set, i, set, j));
  return distances.sort()[NEIGHBOURS] ?? Number.POSITIVE_INFINITY;
}

function squaredDistance(a: Features, i: number, b: Features, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.size; k++) sum += (a.rows[i * a.size + k]! - b.rows[j * b.size + k]!) ** 2;
  return sum;
}
