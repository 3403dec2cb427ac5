import { HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import type { RowFunction } from "./batches.js";

/** Scores of held-out rows, by which others are judged. */
export type Calibration = Readonly<{ step: number; scores: Float64Array }>;

export const calibrationOf = (step: number, scores: ArrayLike<number>): Calibration => ({
  step,
  scores: Float64Array.from(scores).sort(),
});

/** Scores that differ by this part of 1 + |score| are equal: engines differ in the rounding of float32. */
const EQUAL = 5e-5;

/** The least held-out score that counts as at least as high. */
const leastOf = (score: number): number => score - EQUAL * (1 + Math.abs(score));

/**
 * p = (1 + #{held-out scores ≥ score}) / (n + 1): for a row like the held-out ones, P(p ≤ α) ≤ α, whatever the score is.
 *
 * Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World"; Bates et al. 2023, "Testing for
 * outliers with conformal p-values" (arXiv:2104.08279), equation 2.
 */
export function conformalP({ scores }: Pick<Calibration, "scores">, score: number): number {
  const least = leastOf(score);
  let [low, high] = [0, scores.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return (1 + scores.length - low) / (scores.length + 1);
}

/** Rows of a higher score have p of at most `most`; none where there are too few held-out rows. */
export function thresholdOf({ scores }: Pick<Calibration, "scores">, most: number): number | undefined {
  // 0.29 · 100 is a little below 29 in doubles
  const above = Math.floor(most * (scores.length + 1) + 1e-9) - 1;
  return above < 0 ? undefined : scores[Math.max(0, scores.length - 1 - above)];
}

/** The smallest probability of a false alarm that so many held-out rows can keep. */
export const smallestP = ({ scores }: Pick<Calibration, "scores">): number => 1 / (scores.length + 1);

/** Groups of held-out scores, which are calibrated each for itself. */
export type Groups = Readonly<{
  /** The group of each score. */
  of: Uint8Array;
  count: number;
}>;

/**
 * What `conformalP` computes, behind the program of a score: the score, p, and flag, 1 where p is at most `falseAlarms`.
 * The score is the first result of the program; others are returned as they are.
 *
 * @param groups the program also returns `group` [B, count], 1 for the group of a row. Default: all are one group
 */
export function judgeProgram(
  { constants, f }: RowFunction,
  { scores }: Pick<Calibration, "scores">,
  falseAlarms: number,
  groups?: Groups,
): RowFunction {
  const held = new HostArray(Float32Array.from(scores), [1, scores.length], np.float32);
  const most = (count: number): number => Math.floor(falseAlarms * (count + 1) + 1e-9);
  const sizes =
    groups &&
    Float32Array.from({ length: groups.count }, (_, k) => groups.of.filter((of) => of === k).length);
  const own = groups && {
    members: new HostArray(
      Float32Array.from({ length: scores.length * groups.count }, (_, at) =>
        groups.of[Math.floor(at / groups.count)] === at % groups.count ? 1 : 0,
      ),
      [scores.length, groups.count],
      np.float32,
    ),
    all: new HostArray(
      sizes!.map((size) => size + 1),
      [groups.count],
      np.float32,
    ),
    most: new HostArray(sizes!.map(most), [groups.count], np.float32),
  };
  const judge = (
    {
      score: before,
      held,
      groups,
    }: Readonly<{
      score: never;
      held: np.Array;
      groups?: Readonly<Record<"members" | "all" | "most", np.Array>>;
    }>,
    x: np.Array,
  ): Readonly<Record<string, np.Array>> => {
    const { group, ...found } = f(before, x);
    const [score] = Object.values(found) as [np.Array];
    const column = score.ref.reshape([-1, 1]);
    const least = column.ref.sub(np.abs(column).add(1).mul(EQUAL));
    const atLeast = np.greaterEqual(held, least).astype(np.float32);
    if (!groups || !group) {
      const rank = np.sum(atLeast, 1).add(1);
      const flag = np.lessEqual(rank.ref, most(scores.length)).astype(np.int32);
      return { ...found, p: rank.div(scores.length + 1), flag };
    }
    const ranks = np.matmul(atLeast, groups.members).add(1); // [B, count]
    const isUsual = np.greater(ranks.ref, groups.most).astype(np.float32);
    const flag = np.less(np.sum(isUsual.mul(group.ref), 1), 0.5).astype(np.int32);
    return { ...found, p: np.max(ranks.div(groups.all).mul(group), 1), flag };
  };
  return { constants: { score: constants, held, ...(own && { groups: own }) }, f: judge };
}

/**
 * The p-value up to which rows are flagged so that, on average, at most a share q of the flagged ones is ordinary: the
 * largest one with p ≤ q · #{p-values ≤ p} / m; 0 where there is none.
 *
 * @param counts how many of the m p-values are (k + 1) / counts.length, for k = 0, 1, …
 *
 * Source: Benjamini and Hochberg 1995; for conformal p-values Bates et al. 2023 (arXiv:2104.08279), theorem 2.
 */
export function discoveryThreshold(counts: ArrayLike<number>, q: number): number {
  let [all, upTo, threshold] = [0, 0, 0];
  for (let k = 0; k < counts.length; k++) all += counts[k]!;
  for (let k = 0; k < counts.length; k++) {
    upTo += counts[k]!;
    const p = (k + 1) / counts.length;
    if (counts[k]! > 0 && p <= (q * upTo) / all) threshold = p;
  }
  return threshold;
}
