import { HostArray } from "@flowify/core";
import { numpy as np } from "@jax-js/jax";
import { middleAndSpread } from "../detect/spaces.js";

/** Held-out scores of a group, ascending, and the width over which each of them ceases to count. */
export type Held = Readonly<{ scores: Float32Array; width: number }>;

/** Most that rounding may move p by. */
const CLOSE = 5e-5;

/** Least and greatest width, as parts of the spread of the scores; the latter of their range, where half of them are equal. */
const PARTS = { least: 0.01, most: 0.05 } as const;

/** A score that stands for NaN: more unusual than all others. */
const LARGE = 1e30;

/**
 * Held-out scores with the least width at which rounding moves p by 5e-5 at most, or with a twentieth of their spread.
 *
 * @param rounding what scores differ by between engines
 */
export function heldOf(scores: ArrayLike<number>, rounding: number): Held {
  const ascending = Float32Array.from(scores).sort();
  const perScore = rounding / CLOSE / (ascending.length + 1);
  const { spread } = middleAndSpread(ascending);
  const most = PARTS.most * (spread || (ascending.at(-1) ?? 0) - (ascending[0] ?? 0));
  let width = Math.max(PARTS.least * spread, most > 0 ? Math.min(most, perScore) : perScore);
  while (mostWithin(ascending, width) * perScore > width && width < most) width *= 1.25;
  return { scores: ascending, width };
}

/** Held-out scores of all groups. */
export const heldOut = (groups: readonly Held[]): number =>
  groups.reduce((sum, { scores }) => sum + scores.length, 0);

/** The most scores that lie within a width of each other. */
function mostWithin(ascending: Float32Array, width: number): number {
  let [most, from] = [0, 0];
  ascending.forEach((score, i) => {
    while (score - (ascending[from] ?? score) > width) from++;
    most = Math.max(most, i - from + 1);
  });
  return most;
}

/**
 * p = (1 + Σ_i c_i) / (n + 1) with c_i = 1 − (s − s_i) / w between 0 and 1: held-out scores s_i of at least s count as one,
 * those that s exceeds by less than w count in part. This is at least the p-value of split conformal prediction, which
 * counts the former alone, so that P(p ≤ α) ≤ α for an input like the held-out ones. Unlike that one it has no steps: rounding
 * moves it by at most ε m / w / (n + 1), with m the most scores within w of each other, and ε the rounding error of s.
 *
 * Source: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World", of the steps
 */
export function smoothP({ scores, width }: Held, score: number): number {
  let count = 0;
  for (const each of scores) count += Math.min(1, Math.max(0, 1 - (score - each) / width));
  return (1 + (Number.isNaN(count) ? 0 : count)) / (scores.length + 1);
}

/** Arrays of `pOf`, one row for each group: scores [G, n], −1e30 where there are fewer, widths and n + 1 [1, G]. */
export function heldArrays(groups: readonly Held[]) {
  const most = Math.max(...groups.map(({ scores }) => scores.length));
  const scores = new Float32Array(groups.length * most).fill(-LARGE);
  groups.forEach((each, group) => {
    scores.set(each.scores, group * most);
  });
  const row = (of: (each: Held) => number): HostArray =>
    new HostArray(Float32Array.from(groups, of), [1, groups.length], np.float32);
  return {
    scores: new HostArray(scores, [1, groups.length, most], np.float32),
    widths: new HostArray(
      Float32Array.from(groups, ({ width }) => width),
      [1, groups.length, 1],
      np.float32,
    ),
    sizes: row(({ scores: own }) => own.length + 1),
  };
}

/** `smoothP` of scores [B] for each group, [B, G]; of NaN as of a score above all. Consumes everything. */
export function pOf(
  held: Readonly<Record<keyof ReturnType<typeof heldArrays>, np.Array>>,
  score: np.Array,
): np.Array {
  const known = np.where(np.less(score.ref, LARGE), score, LARGE).reshape([-1, 1, 1]);
  const parts = np.clip(np.subtract(1, known.sub(held.scores).div(held.widths)), 0, 1); // [B, G, n]
  return np.sum(parts, 2).add(1).div(held.sizes);
}
