import { nextBits } from "./xoshiro.js";
import { nextNormal } from "./ziggurat.js";

/** SplitMix-like avalanche of 32-bit words: spreads a few seeds over the 128 bits of state. */
function mix(h) {
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A stream that depends only on `seeds` (integers; all their low 53 bits count). */
export function makeRng(...seeds) {
  const state = new Int32Array(4);
  let h = 0x9e3779b9;
  for (const seed of seeds)
    for (const word of [seed >>> 0, Math.floor(seed / 4294967296) >>> 0]) h = mix((h ^ word) + 0x9e3779b9);
  for (let i = 0; i < 4; i++) state[i] = h = mix(h + 0x9e3779b9);
  return rngOf(state);
}

/** The stream that goes on from a state, which it changes. */
export function rngOf(state) {
  const bits = () => nextBits(state);
  const uniform = () => (bits() >>> 8) * 2 ** -24;
  const normal = () => nextNormal(state);
  return {
    state,
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
export function permutation(rng, n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
  return order;
}
