import type { Lazy } from "../lazy.js";

const terms = new WeakMap<Lazy, readonly [Lazy, Lazy]>();

/** Records the terms of a sum. */
export function rememberSum(sum: Lazy, x: Lazy, y: Lazy): void {
  terms.set(sum, [x, y]);
}

/** The two terms of a recorded sum. */
export const termsOf = (sum: Lazy): readonly [Lazy, Lazy] | undefined => terms.get(sum);
