import { nextBits } from "./xoshiro.js";
import { nextNormal } from "./ziggurat.js";

/**
 * Random numbers on the host: xoshiro128++ for bits, the ziggurat method for normals. A stream depends only on its
 * integer seeds, so data order and noise can be functions of (seed, step), and a resumed run repeats exactly.
 */
export type Rng = {
  /** 32 random bits as an unsigned integer. */
  bits(): number;
  /** Uniform on [0, 1), 24 bits (exact in float32). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in 0..n−1, without bias. */
  integer(n: number): number;
  /** Fills an array with the same numbers as single draws. */
  fillUniform(out: Float32Array): void;
  fillNormal(out: Float32Array): void;
};

/** SplitMix-like avalanche of 32-bit words: spreads a few seeds over the 128 bits of state. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A stream that depends only on `seeds` (integers; all their low 53 bits count). */
export function makeRng(...seeds: number[]): Rng {
  const state = new Int32Array(4);
  let h = 0x9e3779b9;
  for (const seed of seeds)
    for (const word of [seed >>> 0, Math.floor(seed / 4294967296) >>> 0]) h = mix((h ^ word) + 0x9e3779b9);
  for (let i = 0; i < 4; i++) state[i] = h = mix(h + 0x9e3779b9);

  const bits = (): number => nextBits(state);
  const uniform = (): number => (bits() >>> 8) * 2 ** -24;
  const normal = (): number => nextNormal(state);
  return {
    bits,
    uniform,
    normal,
    integer(n) {
      const limit = 4294967296 - (4294967296 % n);
      let word = bits();
      while (word >= limit) word = bits();
      return word % n;
    },
    fillUniform(out) {
      for (let i = 0; i < out.length; i++) out[i] = uniform();
    },
    fillNormal(out) {
      for (let i = 0; i < out.length; i++) out[i] = normal();
    },
  };
}

/** A random permutation of 0..n−1 (Fisher and Yates), determined by the stream. */
export function permutation(rng: Rng, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    const swap = order[i]!;
    order[i] = order[j]!;
    order[j] = swap;
  }
  return order;
}
