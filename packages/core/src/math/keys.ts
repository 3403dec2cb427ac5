import { type numpy as np, random } from "@jax-js/jax";
import { leading, type Times } from "../lists.js";

/** Keys whose values will never be read: any array of the right shape will do. */
const shapeKeys = new WeakSet<np.Array>();

/**
 * A key for callers that need only the shapes of initial values (before loading a file): costly random numbers can be
 * skipped. `splitKey` returns keys of the same kind.
 */
export function shapeKey(): np.Array {
  const key = random.key(0);
  shapeKeys.add(key);
  return key;
}

export const isShapeKey = (key: np.Array): boolean => shapeKeys.has(key);

/** `n` independent keys; consumes `key`. */
export function splitKey<N extends number>(key: np.Array, n: N): Times<N, np.Array> {
  // no numbers are drawn for keys that nobody reads
  const keys = isShapeKey(key) ? key : random.split(key, n);
  const parts = Array.from({ length: n }, (_, i) => (keys === key ? key.ref : keys.ref.slice(i)));
  keys.dispose();
  return leading(parts, n);
}
