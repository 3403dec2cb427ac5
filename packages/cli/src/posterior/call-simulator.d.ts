import type { Rng } from "@flowify/core/layer";

/** What came of a call: an observation, something that is none, or why it failed, and what it looked for in vain. */
export type Outcome =
  | Readonly<{ x: Float64Array }>
  | Readonly<{ kind: string }>
  | Readonly<{ failed: string; lacks?: string }>;

export declare function outcomeOf(
  simulate: (theta: Float64Array, random: Rng) => ArrayLike<number>,
  theta: Float64Array,
  random: Rng,
): Outcome;
