import { UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { conformalLimit, intervalOf, outwardness } from "../../src/regression/conformal.js";
import { Predictive, scoresOf } from "../../src/regression.js";

describe("a predictive distribution", () => {
  it.each([2, -0.1, Number.NaN])("has no quantile of %d", (p) => {
    expect(() => new Predictive([1]).quantile(p)).toThrow(UsageError);
    expect(() => new Predictive([1]).quantile(p)).toThrow(
      `quantile: expected a probability from 0 to 1, got ${p}`,
    );
  });

  it("covers whole numbers as often as it says", () => {
    const random = makeRng(7);
    // a fair coin: an interval of 50 % cannot hold one of two values, but a half of their probability
    const coin = new Predictive([0, 1]);
    const { coverage, ranks } = scoresOf(
      new Array(2000).fill(coin),
      Array.from({ length: 2000 }, () => random.integer(2)),
      new Float64Array(2000),
    );
    for (const [k, level] of [0.5, 0.8, 0.95].entries())
      expect(Math.abs((coverage[k] as number) - level)).toBeLessThan(0.03);
    expect(Math.abs(ranks.reduce((a, b) => a + b / 2000, 0) - 0.5)).toBeLessThan(0.02);
  });

  it("has the score of its definition", () => {
    const points = [3, 1, 2, 2, 5];
    const distance = (others: readonly number[], y: number): number =>
      others.reduce((sum, x) => sum + Math.abs(x - y), 0) / others.length;
    const apart = points.reduce((sum, x) => sum + distance(points, x), 0) / points.length;
    for (const y of [-1, 2, 2.5, 9])
      expect(new Predictive(points).crps(y)).toBeCloseTo(distance(points, y) - apart / 2, 12);
  });

  it("counts what lies below a value, and has quantiles among its values", () => {
    const found = new Predictive([4, 1, 2, 2]);
    expect(found.ranks(2)).toEqual({ below: 0.25, upTo: 0.75 });
    expect(found.rank(2)).toBe(0.5);
    expect([0, 0.25, 0.3, 0.75, 0.76, 1].map((p) => found.quantile(p))).toEqual([1, 1, 2, 2, 4, 4]);
  });
});

describe("conformal intervals", () => {
  it("hold a value where it is at most as far out as the limit, and no other", () => {
    const random = makeRng(5);
    const points = Array.from({ length: 40 }, () => Math.round(8 * random.normal()) / 2);
    const prediction = new Predictive(points);
    for (const q of [0, 0.3, 0.5, 0.95, 1, 1.2])
      for (let value = -20; value <= 20; value += 0.25) {
        const [low, high] = intervalOf(prediction, q);
        expect([q, value, low <= value && value <= high]).toEqual([
          q,
          value,
          outwardness(prediction, value) <= q + 1e-9,
        ]);
      }
  });

  it("hold new values with the probability that they promise, even where the model is wrong", () => {
    const random = makeRng(11);
    // predictions that are far too narrow
    const narrow = new Predictive(Array.from({ length: 64 }, () => 0.1 * random.normal()));
    const held = Float64Array.from({ length: 400 }, () => outwardness(narrow, random.normal()));
    const limit = conformalLimit(held, 0.9);
    const inside = Array.from({ length: 4000 }, () => outwardness(narrow, random.normal()) <= limit);
    const share = inside.filter(Boolean).length / inside.length;
    expect(share).toBeGreaterThan(0.87);
    expect(share).toBeLessThan(0.95);
    expect(conformalLimit(held.subarray(0, 8), 0.9)).toBe(Number.POSITIVE_INFINITY);
  });
});
