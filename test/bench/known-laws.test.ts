/** Known laws: what they say of a row is normalized, and what they draw follows it. */
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { furtherLaws } from "../../bench/further-laws.js";
import { laws as knownLaws } from "../../bench/known-laws.js";

const laws = { ...knownLaws, ...furtherLaws };

/** ∫ exp(log p) over a square, by a grid. */
const integral = (logProb: (x: number, y: number) => number, half: number, steps: number): number => {
  const size = (2 * half) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++)
    for (let j = 0; j < steps; j++)
      sum += Math.exp(logProb(-half + (i + 0.5) * size, -half + (j + 0.5) * size));
  return sum * size ** 2;
};

describe("known laws", () => {
  it.each(["mixture2", "ring", "noisyRing"])("%s integrates to 1", (name) => {
    expect(integral((x, y) => laws[name]!.logProb([x, y]), 14, 700)).toBeCloseTo(1, 3);
  });

  it("amounts have density and probability, 1 together, 62.6 % zeros", () => {
    const { logProb, draw } = laws.amounts!;
    let zeros = 0;
    for (let i = 0; i < 2000; i++) zeros += Math.exp(logProb([-7 + (i + 0.5) * 0.007, 0])) * 0.007;
    const others = integral((x, y) => logProb([x / 30, 150 + y]) - Math.log(30), 150, 1500);
    expect(zeros).toBeCloseTo(0.626, 2);
    expect(zeros + others).toBeCloseTo(1, 2);
    const rng = makeRng(1);
    const drawn = Array.from({ length: 4000 }, () => draw(rng)[1]);
    expect(drawn.filter((amount) => amount === 0).length / 4000).toBeCloseTo(zeros, 1);
  });

  it("the chain of categories sums to 1", () => {
    const codes = (row: number): string[] =>
      Array.from({ length: 6 }, (_, i) => `v${Math.floor(row / 5 ** i) % 5}`);
    let sum = 0;
    for (let row = 0; row < 5 ** 6; row++) sum += Math.exp(laws.chain!.logProb(codes(row)));
    expect(sum).toBeCloseTo(1, 9);
  });

  it("categories with an amount, and with two counts, sum to 1", () => {
    let amounts = 0;
    for (const a of ["a0", "a1", "a2"])
      for (const b of ["b0", "b1"])
        for (let x = 0.01; x < 800; x += 0.02) amounts += 0.02 * Math.exp(laws.shifted!.logProb([a, b, x]));
    expect(amounts).toBeCloseTo(1, 3);
    let counts = 0;
    for (const k of ["k0", "k1", "k2"])
      for (let x = 0; x < 300; x++)
        for (let y = 0; y < 300; y++) counts += Math.exp(laws.counts!.logProb([k, x, y]));
    expect(counts).toBeCloseTo(1, 3);
  });

  it("heavy tails integrate to 1 over the radius", () => {
    let sum = 0;
    // r = e^t
    for (let t = -8; t < 18; t += 0.01)
      sum += Math.exp(laws.tails!.logProb([Math.exp(t), 0, 0]) + 3 * t) * 4 * Math.PI * 0.01;
    expect(sum).toBeCloseTo(1, 3);
  });

  it.each(Object.keys(laws))("%s: what it draws is as likely as it says, not less", (name) => {
    const [a, b] = [1, 2].map((seed) => {
      const rng = makeRng(seed);
      const logs = Array.from({ length: 1000 }, () => laws[name]!.logProb(laws[name]!.draw(rng)));
      return logs.reduce((sum, log) => sum + log, 0) / 1000;
    });
    expect(Number.isFinite(a)).toBe(true);
    expect(Math.abs(a! - b!)).toBeLessThan(0.7);
  });
});
