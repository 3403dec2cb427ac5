import { type numpy as np, random } from "@jax-js/jax";

/** Keys whose values will never be read: whoever is given one may make anything of the right shape. */
const shapeKeys = new WeakSet<np.Array>();

/**
 * A key for those who want only the shapes of start values (a file that is about to be read): costly
 * draws can be left out. Its parts by `splitKey` are of the same kind.
 */
export function shapeKey(): np.Array {
  const key = random.key(0);
  shapeKeys.add(key);
  return key;
}

export const isShapeKey = (key: np.Array): boolean => shapeKeys.has(key);

/** `n` independent keys; consumes `key`. */
export function splitKey(key: np.Array, n: number): np.Array[] {
  const onlyShapes = isShapeKey(key);
  const keys = random.split(key, n);
  const parts = Array.from({ length: n }, (_, i) => keys.ref.slice(i));
  keys.dispose();
  if (onlyShapes) for (const part of parts) shapeKeys.add(part);
  return parts;
}
