import { DomainError } from "@flowify/core";
import { ascendingPlaces } from "./rows.js";

/**
 * The area under the ROC curve of a score that should be higher for out-of-distribution examples: the probability that
 * a random one has a higher score than a random in-distribution example, ties counted half. 1 is perfect separation, ½
 * none, below ½ the order is reversed. Computed from the sum of ranks (Mann and Whitney's U).
 *
 * @throws DomainError if one side is empty or a score is NaN
 *
 * Source: Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".
 */
export function auroc(own: ArrayLike<number>, strange: ArrayLike<number>): number {
  if (own.length === 0 || strange.length === 0)
    throw new DomainError(`auroc: expected scores on both sides, got ${own.length} and ${strange.length}`);
  const scores = Float64Array.from([...Array.from(own), ...Array.from(strange)]);
  if (scores.some(Number.isNaN)) throw new DomainError("auroc: a score is NaN");
  const order = ascendingPlaces(scores);
  let ranks = 0; // rank sum of the out-of-distribution examples
  for (let begin = 0, end = 0; begin < order.length; begin = end) {
    let tied = 0;
    for (; end < order.length && scores[order[end]!] === scores[order[begin]!]; end++)
      if (order[end]! >= own.length) tied++;
    ranks += (tied * (begin + 1 + end)) / 2; // ties have the mean of their ranks
  }
  const { length } = strange;
  return (ranks - (length * (length + 1)) / 2) / (own.length * length);
}
