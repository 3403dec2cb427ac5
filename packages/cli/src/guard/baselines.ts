import type { Executor } from "@flowify/core";
import { neighbourDistances } from "../detect/knn.js";
import { gaussiansOf, mahalanobis } from "../mahalanobis.js";

/** Activations and scores of classes, [n, width] and [n, classes]. */
export type Seen = Readonly<{ rows: Float32Array; width: number; logits: Float32Array; classes: number }>;

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
  const gaussians = gaussiansOf(training, labels);
  return {
    "max softmax": ({ logits, classes }) => eachOf(logits, classes, (own, most) => -1 / sumExp(own, most)),
    energy: ({ logits, classes }) =>
      eachOf(logits, classes, (own, most) => -most - Math.log(sumExp(own, most))),
    Mahalanobis: ({ rows }) => mahalanobis(gaussians, rows),
    "5th neighbour": ({ rows, width }) => neighbourDistances(executor, training.rows, rows, width),
  };
}
