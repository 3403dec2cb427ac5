import { numpy as np } from "@jax-js/jax";
import { leading, type Times } from "../lists.js";
import type { Shape } from "../shape.js";

/**
 * Keys of jax-js, computed on the host: `random.split` and `random.bits` compile a kernel for each count, which takes
 * longer than all the numbers.
 */
type Words = readonly [number, number];

/** The numbers of keys that were made here. */
const wordsOf = new WeakMap<np.Array, Words>();

/** Keys whose values will never be read: any array of the right shape will do. */
const shapeKeys = new WeakSet<np.Array>();

function keyOf(words: Words): np.Array {
  const key = np.array(Uint32Array.from(words), { dtype: np.uint32 });
  wordsOf.set(key, words);
  return key;
}

/** The key of a seed: that of `random.key`. */
export const keyOfSeed = (seed: number): np.Array => keyOf([0, seed >>> 0]);

/**
 * A key for callers that need only the shapes of initial values (before loading a file): costly random numbers can be
 * skipped. `splitKey` returns keys of the same kind.
 */
export function shapeKey(): np.Array {
  const key = keyOfSeed(0);
  shapeKeys.add(key);
  return key;
}

export const isShapeKey = (key: np.Array): boolean => shapeKeys.has(key);

/** Initial values of this shape: drawn, or zeros for a key of `shapeKey`; consumes `key`. */
export function initial(
  key: np.Array,
  shape: Shape,
  draw: (key: np.Array, shape: number[]) => np.Array,
): np.Array {
  if (!isShapeKey(key)) return draw(key, [...shape]);
  key.dispose();
  return np.zeros([...shape]);
}

function takeWords(key: np.Array): Words {
  const [a = 0, b = 0] = wordsOf.get(key) ?? key.ref.dataSync();
  key.dispose();
  return [a, b];
}

/** `n` independent keys, those of `random.split`; consumes `key`. */
export function splitKey<N extends number>(key: np.Array, n: N): Times<N, np.Array> {
  const places = Array.from({ length: n }, (_, i) => i);
  if (!isShapeKey(key)) {
    const words = takeWords(key);
    return leading(
      places.map((i) => keyOf(threefry(words, i))),
      n,
    );
  }
  // no numbers are drawn for keys that nobody reads
  const parts = places.map(() => key.ref);
  key.dispose();
  return leading(parts, n);
}

/** 32 random bits as a whole number, those of `random.bits`; consumes `key`. */
export function keyBits(key: np.Array): number {
  const [a, b] = threefry(takeWords(key), 0);
  return (a ^ b) >>> 0;
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const GROUPS = 5;

/** Threefry2x32 of the counter [0, count] in 20 rounds. Source: Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3. */
function threefry([k0, k1]: Words, count: number): Words {
  const schedule = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  let [a, b] = [k0 | 0, (count + k1) | 0];
  for (let group = 0; group < GROUPS; group++) {
    for (let round = 0; round < 4; round++) {
      const turn = ROTATIONS[4 * (group % 2) + round] as number;
      a = (a + b) | 0;
      b = ((b << turn) | (b >>> (32 - turn))) ^ a;
    }
    a = (a + (schedule[(group + 1) % 3] as number)) | 0;
    b = (b + (schedule[(group + 2) % 3] as number) + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
}
