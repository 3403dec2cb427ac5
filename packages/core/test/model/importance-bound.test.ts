import { describe, expect, it } from "vitest";
import { makeRng } from "../../src/math/rng.js";
import { importanceBound } from "../../src/model/importance-bound.js";

const of = (...logs: number[]) => {
  const { logProb, stdErr } = importanceBound(logs.map((log) => Float64Array.of(log)));
  return { logProb: logProb[0] as number, stdErr: stdErr[0] as number };
};

describe("the bound from K samples", () => {
  it("is the logarithm of the mean density, however small that is", () => {
    expect(of(Math.log(1), Math.log(3)).logProb).toBeCloseTo(Math.log(2), 12);
    expect(of(-5000, -5000, -5000).logProb).toBeCloseTo(-5000, 9);
    expect(of(-1000, 0).logProb).toBeCloseTo(-Math.log(2), 12);
    expect(of(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY).logProb).toBe(Number.NEGATIVE_INFINITY);
  });

  it("has no standard error from one draw, or from none that gives any density", () => {
    expect(of(-3).stdErr).toBeNaN();
    expect(of(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY).stdErr).toBeNaN();
  });

  // log p_k spread by 0.1, 1 and 10 nats: with 10, one of the samples outweighs all others
  it.each([0.1, 1, 10])(
    "has a standard error that tells how much it varies, samples spread by %s",
    (spread) => {
      const rng = makeRng(7);
      const [K, examples] = [16, 4000];
      const samples = Array.from({ length: K }, () =>
        Float64Array.from({ length: examples }, () => spread * rng.normal()),
      );
      const { logProb, stdErr } = importanceBound(samples);
      const mean = logProb.reduce((a, b) => a + b, 0) / examples;
      const variance = logProb.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (examples - 1);
      const told = stdErr.reduce((sum, se) => sum + se ** 2, 0) / examples;
      const ratio = Math.sqrt(told / variance);
      expect(ratio).toBeGreaterThan(0.95);
      expect(ratio).toBeLessThan(1.3);
    },
  );
});
