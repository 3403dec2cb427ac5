import type { RngState } from "./xoshiro.js";

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
  /** Where the stream is: a stream of a copy of it goes on with the same numbers, in another thread as well. */
  readonly state: RngState;
};

/** A stream that depends only on `seeds` (integers; all their low 53 bits count). */
export declare function makeRng(...seeds: number[]): Rng;

/** The stream that goes on from a state, which it changes. */
export declare function rngOf(state: RngState): Rng;

/** A random permutation of 0..n−1 (Fisher and Yates), determined by the stream. */
export declare function permutation(rng: Rng, n: number): Uint32Array;
