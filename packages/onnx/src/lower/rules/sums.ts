import type { Lazy } from "../lazy.js";

const terms = new WeakMap<Lazy, readonly [Lazy, Lazy]>();

/** Notes what a sum was made of. */
export function rememberSum(sum: Lazy, x: Lazy, y: Lazy): void {
  terms.set(sum, [x, y]);
}

/** The two terms of a sum that was remembered. */
export const termsOf = (sum: Lazy): readonly [Lazy, Lazy] | undefined => terms.get(sum);
