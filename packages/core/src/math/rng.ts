/**
 * Random numbers on the host: xoshiro128++ (Blackman and Vigna 2021) for bits, the ziggurat method
 * (Marsaglia and Tsang 2000, 128 strips) for normals. A stream is a function of its integer seeds
 * alone, so data order and noise can be functions of (seed, step) and a resumed run repeats exactly.
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
  fillUniform(out: Float32Array): void;
  fillNormal(out: Float32Array): void;
};

/** Marsaglia and Tsang's tables for 128 strips: r is the start of the tail, v the area of a strip. */
const STRIPS = 128;
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;

const edges = new Float64Array(STRIPS + 1);
const ratios = new Float64Array(STRIPS);
{
  let f = Math.exp(-0.5 * TAIL * TAIL);
  edges[0] = AREA / f;
  edges[1] = TAIL;
  edges[STRIPS] = 0;
  for (let i = 2; i < STRIPS; i++) {
    edges[i] = Math.sqrt(-2 * Math.log(AREA / edges[i - 1]! + f));
    f = Math.exp(-0.5 * edges[i]! * edges[i]!);
  }
  for (let i = 0; i < STRIPS; i++) ratios[i] = edges[i + 1]! / edges[i]!;
}

/** SplitMix-like avalanche of 32-bit words: spreads a few seeds over the 128 bits of state. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A stream that depends on nothing but `seeds` (integers; all their low 53 bits count). */
export function makeRng(...seeds: number[]): Rng {
  const state = new Int32Array(4);
  let h = 0x9e3779b9;
  for (const seed of seeds)
    for (const word of [seed >>> 0, Math.floor(seed / 4294967296) >>> 0]) h = mix((h ^ word) + 0x9e3779b9);
  for (let i = 0; i < 4; i++) state[i] = h = mix(h + 0x9e3779b9);

  const bits = (): number => {
    let s0 = state[0]!;
    let s1 = state[1]!;
    let s2 = state[2]!;
    let s3 = state[3]!;
    const sum = (s0 + s3) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + s0) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    keep(s0, s1, s2, s3);
    return result;
  };
  const keep = (s0: number, s1: number, s2: number, s3: number): void => {
    state[0] = s0;
    state[1] = s1;
    state[2] = s2;
    state[3] = s3;
  };
  const uniform = (): number => (bits() >>> 8) * 2 ** -24;
  // 53 bits in the open interval, where a logarithm follows
  const open = (): number => ((bits() >>> 5) * 67108864 + (bits() >>> 6) + 0.5) * 2 ** -53;

  const normal = (): number => {
    for (;;) {
      const word = bits() | 0;
      const strip = word & (STRIPS - 1);
      const u = word * 2 ** -31; // sign and position; its low 7 bits chose the strip
      const x = Math.abs(u) < ratios[strip]! ? u * edges[strip]! : atEdge(strip, u);
      if (!Number.isNaN(x)) return x;
    }
  };
  /** A normal in the tail, or in a strip beside the next one; NaN where it is to be drawn anew. */
  const atEdge = (strip: number, u: number): number => {
    if (strip === 0) {
      let x: number;
      let y: number;
      do {
        x = Math.log(open()) / TAIL;
        y = Math.log(open());
      } while (-2 * y < x * x);
      return u < 0 ? x - TAIL : TAIL - x;
    }
    const x = u * edges[strip]!;
    const upper = Math.exp(-0.5 * (edges[strip]! * edges[strip]! - x * x));
    const lower = Math.exp(-0.5 * (edges[strip + 1]! * edges[strip + 1]! - x * x));
    return lower + open() * (upper - lower) < 1 ? x : Number.NaN;
  };
  const integer = (n: number): number => {
    const limit = 4294967296 - (4294967296 % n);
    let word = bits();
    while (word >= limit) word = bits();
    return word % n;
  };
  return {
    bits,
    uniform,
    normal,
    integer,
    // `bits` written out, the state in registers: three times as fast as a call for each number
    fillUniform(out) {
      let s0 = state[0]!;
      let s1 = state[1]!;
      let s2 = state[2]!;
      let s3 = state[3]!;
      for (let i = 0; i < out.length; i++) {
        const sum = (s0 + s3) | 0;
        const word = (((sum << 7) | (sum >>> 25)) + s0) | 0;
        const t = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = (s3 << 11) | (s3 >>> 21);
        out[i] = (word >>> 8) * 2 ** -24;
      }
      keep(s0, s1, s2, s3);
    },
    fillNormal(out) {
      let s0 = state[0]!;
      let s1 = state[1]!;
      let s2 = state[2]!;
      let s3 = state[3]!;
      for (let i = 0; i < out.length; i++) {
        const sum = (s0 + s3) | 0;
        const word = (((sum << 7) | (sum >>> 25)) + s0) | 0;
        const t = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = (s3 << 11) | (s3 >>> 21);
        const strip = word & (STRIPS - 1);
        const u = word * 2 ** -31;
        if (Math.abs(u) < ratios[strip]!) {
          out[i] = u * edges[strip]!;
          continue;
        }
        keep(s0, s1, s2, s3); // one in 36
        const x = atEdge(strip, u);
        out[i] = Number.isNaN(x) ? normal() : x;
        s0 = state[0]!;
        s1 = state[1]!;
        s2 = state[2]!;
        s3 = state[3]!;
      }
      keep(s0, s1, s2, s3);
    },
  };
}

/** A random order of 0..n−1 (Fisher and Yates), a function of the stream alone. */
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
