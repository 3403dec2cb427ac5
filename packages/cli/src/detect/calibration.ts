import { HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { bisectLeft } from "d3-array";
import type { RowFunction } from "./batches.js";

/** Scores of held-out rows, by which others are judged. */
export type Calibration = Readonly<{ step: number; scores: Float64Array }>;

export const calibrationOf = (step: number, scores: ArrayLike<number>): Calibration => ({
  step,
  scores: Float64Array.from(scores).sort(),
});

/** Scores that differ by this part of 1 + |score| are equal: engines differ in the rounding of float32. */
const EQUAL = 5e-5;

/** The least held-out score that counts as at least as high; a score beyond all numbers, or none at all, is above all of them. */
const leastOf = (score: number): number =>
  score < Number.POSITIVE_INFINITY ? score - EQUAL * (1 + Math.abs(score)) : Number.POSITIVE_INFINITY;

/**
 * p = (1 + #{held-out scores ≥ score}) / (n + 1): for a row like the held-out ones, P(p ≤ α) ≤ α, whatever the score is.
 *
 * Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World"; Bates et al. 2023, "Testing for
 * outliers with conformal p-values" (arXiv:2104.08279), equation 2.
 */
export function conformalP({ scores }: Pick<Calibration, "scores">, score: number): number {
  return (1 + scores.length - bisectLeft(scores, leastOf(score))) / (scores.length + 1);
}

/** Rows of a higher score have p of at most `most`; none where there are too few held-out rows. */
export function thresholdOf({ scores }: Pick<Calibration, "scores">, most: number): number | undefined {
  // 0.29 · 100 is a little below 29 in doubles
  const above = Math.floor(most * (scores.length + 1) + 1e-9) - 1;
  return above < 0 ? undefined : scores[Math.max(0, scores.length - 1 - above)];
}

/** The smallest probability of a false alarm that so many held-out rows can keep. */
export const smallestP = ({ scores }: Pick<Calibration, "scores">): number => 1 / (scores.length + 1);

/**
 * What `conformalP` computes, behind the program of a score: the score, p, and flag, 1 where p is at most `falseAlarms`.
 * The score is the first result of the program; others are returned as they are.
 */
export function judgeProgram(
  { constants, f }: RowFunction,
  { scores }: Pick<Calibration, "scores">,
  falseAlarms: number,
): RowFunction {
  const held = new HostArray(Float32Array.from(scores), [1, scores.length], np.float32);
  const most = Math.floor(falseAlarms * (scores.length + 1) + 1e-9);
  const judge = (
    own: Readonly<{ score: never; held: np.Array }>,
    x: np.Array,
  ): Readonly<Record<string, np.Array>> => {
    const found = f(own.score, x);
    const [score] = Object.values(found) as [np.Array];
    const column = score.ref.reshape([-1, 1]);
    const least = column.ref.sub(np.abs(column).add(1).mul(EQUAL));
    const rank = np.sum(np.greaterEqual(own.held, least).astype(np.float32), 1).add(1);
    const flag = np.lessEqual(rank.ref, most).astype(np.int32);
    return { ...found, p: rank.div(scores.length + 1), flag };
  };
  return { constants: { score: constants, held }, f: judge };
}
