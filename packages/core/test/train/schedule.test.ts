import { describe, expect, it } from "vitest";
import { makeRng } from "../../src/math/rng.js";
import { adamScalars, BETA1, BETA2 } from "../../src/train/adam.js";
import { cosineSchedule } from "../../src/train/rates.js";

describe("the schedule of step sizes", () => {
  const rate = cosineSchedule({ peak: 2, steps: 110, warmup: 10 });

  it("rises in equal steps to the peak, then falls as half a cosine to 0", () => {
    for (let t = 0; t < 10; t++) expect(rate(t)).toBeCloseTo((2 * (t + 1)) / 10, 12);
    expect(rate(10)).toBe(2);
    expect(rate(60)).toBeCloseTo(1, 12);
    for (let t = 10; t < 110; t++) expect(rate(t)).toBeCloseTo(1 + Math.cos((Math.PI * (t - 10)) / 100), 12);
    expect(rate(110)).toBeCloseTo(0, 12);
    expect(rate(1000)).toBeCloseTo(0, 12);
  });

  it("never grows after the warm-up, and starts at the peak without one", () => {
    const plain = cosineSchedule({ peak: 0.5, steps: 7 });
    expect(plain(0)).toBe(0.5);
    for (let t = 0; t < 7; t++) expect(plain(t + 1)).toBeLessThan(plain(t));
  });

  it("is finite where the warm-up fills the whole run", () => {
    const short = cosineSchedule({ peak: 1, steps: 5, warmup: 5 });
    for (let t = 0; t < 10; t++) expect(Number.isFinite(short(t))).toBe(true);
  });
});

describe("Adam's two scalars", () => {
  it("fold the textbook's bias corrections: the same steps, to the last digits", () => {
    const [lr, epsilon] = [3e-3, 1e-8];
    const rng = makeRng(8);
    let [m, v, M, V] = [0, 0, 0, 0];
    for (let t = 0; t < 2000; t++) {
      const g = rng.normal() * 10 ** (rng.uniform() * 4 - 2);
      // Kingma and Ba 2015, algorithm 1
      m = BETA1 * m + (1 - BETA1) * g;
      v = BETA2 * v + (1 - BETA2) * g * g;
      const mHat = m / (1 - BETA1 ** (t + 1));
      const vHat = v / (1 - BETA2 ** (t + 1));
      const textbook = (lr * mHat) / (Math.sqrt(vHat) + epsilon);
      // ours
      M = BETA1 * M + g;
      V = BETA2 * V + g * g;
      const { rate, floor } = adamScalars(lr, t);
      const ours = (rate * M) / (Math.sqrt(V) + floor);
      expect(Math.abs(ours - textbook)).toBeLessThan(1e-10 * Math.abs(textbook) + 1e-18);
    }
  });

  it("the first step is as long as the step size, whatever the gradient", () => {
    const { rate, floor } = adamScalars(0.1, 0);
    for (const g of [1e-3, 1, 1e5]) expect((rate * g) / (g + floor)).toBeCloseTo(0.1, 5);
  });
});
