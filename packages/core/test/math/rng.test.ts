import { describe, expect, it } from "vitest";
import { makeRng, permutation, type Rng } from "../../src/math/rng.js";

const MASK = 0xffffffffn;

/** xoshiro128++ once more, on big integers, as its authors' C code reads. */
function* xoshiro(state: readonly number[]): Generator<number> {
  let s = state.map(BigInt);
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;
  for (;;) {
    const [a, b, c, d] = s as [bigint, bigint, bigint, bigint];
    yield Number((rotate((a + d) & MASK, 7n) + a) & MASK);
    const c1 = c ^ a;
    const d1 = d ^ b;
    s = [a ^ d1, b ^ c1, c1 ^ ((b << 9n) & MASK), rotate(d1, 11n)];
  }
}

/** The state that seeds are spread over: the avalanche of the sources, on big integers. */
function stateOf(...seeds: bigint[]): number[] {
  const mix = (h: bigint): bigint => {
    h = ((h ^ (h >> 16n)) * 0x21f0aaadn) & MASK;
    h = ((h ^ (h >> 15n)) * 0x735a2d97n) & MASK;
    return h ^ (h >> 15n);
  };
  let h = 0x9e3779b9n;
  for (const seed of seeds)
    for (const word of [seed & MASK, (seed >> 32n) & MASK]) h = mix(((h ^ word) + 0x9e3779b9n) & MASK);
  return Array.from({ length: 4 }, () => {
    h = mix((h + 0x9e3779b9n) & MASK);
    return Number(h);
  });
}

const draws = (n: number, rng: Rng, what: "bits" | "uniform" | "normal"): Float64Array =>
  Float64Array.from({ length: n }, () => rng[what]());

/** The largest difference between the share of draws below and the law's: Kolmogorov and Smirnov's distance. */
function distanceFrom(law: (x: number) => number, values: Float64Array): number {
  const sorted = values.toSorted();
  const n = sorted.length;
  return sorted.reduce(
    (worst, x, i) => Math.max(worst, Math.abs(law(x) - i / n), Math.abs(law(x) - (i + 1) / n)),
    0,
  );
}

/** The distance that chance passes once in 10⁵ trials: √(½ ln(2·10⁵) / n). */
const rare = (n: number): number => Math.sqrt((0.5 * Math.log(2e5)) / n);

/** The normal distribution function by its series around 0 and its continued fraction in the tails. */
function normalResidual(x: number): number {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let [term, sum] = [x, x];
    for (let k = 1; k < 60; k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let tail = Math.abs(x);
  for (let k = 40; k >= 1; k--) tail = Math.abs(x) + k / tail;
  return x > 0 ? 1 - density / tail : density / tail;
}

describe("the stream of bits", () => {
  it.each([[1n], [0n, 2n, 3n], [2n ** 40n + 5n]])("is xoshiro128++: seeds %s", (...seeds) => {
    const rng = makeRng(...seeds.map(Number));
    const reference = xoshiro(stateOf(...seeds));
    for (let i = 0; i < 1000; i++) expect(rng.bits()).toBe(reference.next().value);
  });

  it("gives the sequence of the authors' code from the state 1, 2, 3, 4", () => {
    const known = [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768];
    const reference = xoshiro([1, 2, 3, 4]);
    expect(known.map(() => reference.next().value)).toEqual(known);
  });

  it("depends on every seed and their order", () => {
    const first = (...seeds: number[]): string => draws(4, makeRng(...seeds), "bits").join();
    const all = [[1], [2], [1, 0], [0, 1], [1, 2], [2, 1], [1 + 2 ** 32], []].map((seeds) => first(...seeds));
    expect(new Set(all).size).toBe(all.length);
    expect(first(1, 2)).toBe(first(1, 2));
  });

  it("has no seed whose neighbours agree: bits of neighbouring seeds are even coins", () => {
    let equal = 0;
    for (let seed = 0; seed < 2000; seed++) {
      let different = makeRng(seed).bits() ^ makeRng(seed + 1).bits();
      for (let i = 0; i < 32; i++, different >>>= 1) equal += 1 - (different & 1);
    }
    expect(Math.abs(equal / 64_000 - 0.5)).toBeLessThan(4.5 * 0.5 * Math.sqrt(1 / 64_000));
  });
});

describe("the laws", () => {
  const n = 200_000;

  it("uniform on [0, 1), exact in float32", () => {
    const values = draws(n, makeRng(3), "uniform");
    expect(distanceFrom((x) => x, values)).toBeLessThan(rare(n));
    expect(values.every((v) => v >= 0 && v < 1 && Math.fround(v) === v)).toBe(true);
    const filled = new Float32Array(1000);
    makeRng(3).fillUniform(filled);
    expect(Array.from(filled)).toEqual(Array.from(values.subarray(0, 1000)));
  });

  it("fills arrays with the numbers that single draws give, and goes on after them", () => {
    const [filling, drawing] = [makeRng(11, 5), makeRng(11, 5)];
    for (const length of [1, 7, 20_000]) {
      const [uniforms, normals] = [new Float32Array(length), new Float32Array(length)];
      filling.fillUniform(uniforms);
      expect(uniforms).toEqual(Float32Array.from(uniforms, () => drawing.uniform()));
      filling.fillNormal(normals);
      expect(normals).toEqual(Float32Array.from(normals, () => drawing.normal()));
      expect(filling.bits()).toBe(drawing.bits());
    }
  });

  it("standard normal, in the middle and in the tails", () => {
    const values = draws(n, makeRng(4), "normal");
    expect(distanceFrom(normalResidual, values)).toBeLessThan(rare(n));
    for (const [power, moment, spread] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      const mean = values.reduce((sum, v) => sum + v ** power, 0) / n;
      expect(Math.abs(mean - moment)).toBeLessThan(4.5 * Math.sqrt(spread / n));
    }
    // beyond the last strip of the ziggurat a method of its own draws
    const beyond = values.filter((v) => Math.abs(v) > 3.4426);
    const share = 2 * normalResidual(-3.4426);
    expect(Math.abs(beyond.length / n - share)).toBeLessThan(4.5 * Math.sqrt(share / n));
    expect(beyond.some((v) => v > 0) && beyond.some((v) => v < 0)).toBe(true);
    const filled = new Float32Array(1000);
    makeRng(4).fillNormal(filled);
    expect(Array.from(filled)).toEqual(Array.from(values.subarray(0, 1000), Math.fround));
  });

  it("standard normal in every strip of the ziggurat, and beyond the last", () => {
    const count = 3_000_000;
    const rng = makeRng(7);
    const [width, cells] = [0.04, 170]; // |x| up to 6.8
    const found = new Float64Array(cells + 1);
    for (let i = 0; i < count; i++) found[Math.min(Math.floor(Math.abs(rng.normal()) / width), cells)]! += 1;
    let [chi, freedom] = [0, 0];
    for (let cell = 0; cell < cells; cell++) {
      const expected = 2 * count * (normalResidual((cell + 1) * width) - normalResidual(cell * width));
      if (expected < 10) break;
      chi += ((found[cell] as number) - expected) ** 2 / expected;
      freedom++;
    }
    expect(freedom).toBeGreaterThan(100);
    expect(Math.abs(chi - freedom)).toBeLessThan(5 * Math.sqrt(2 * freedom));
  });

  it("integers without bias", () => {
    const rng = makeRng(5);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[rng.integer(7)]! += 1;
    const chi = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
    expect(chi).toBeLessThan(35); // 6 degrees of freedom: once in 200,000
  });

  it("permutations hold everything once, and each place is as likely as any", () => {
    const rng = makeRng(6);
    const places = new Array<number>(5).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const order = permutation(rng, 5);
      expect(Array.from(order.toSorted())).toEqual([0, 1, 2, 3, 4]);
      places[order.indexOf(0)]! += 1;
    }
    expect(places.reduce((sum, c) => sum + (c - 2000) ** 2 / 2000, 0)).toBeLessThan(30);
    expect(Array.from(permutation(makeRng(1), 50))).toEqual(Array.from(permutation(makeRng(1), 50)));
    expect(permutation(makeRng(1), 0).length).toBe(0);
  });
});
