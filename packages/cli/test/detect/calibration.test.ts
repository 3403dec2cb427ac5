import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { calibrationOf, conformalP, smallestP, thresholdOf } from "../../src/detect/calibration.js";

const normals = (seed: number, count: number): Float64Array => {
  const rng = makeRng(seed);
  return Float64Array.from({ length: count }, () => rng.normal());
};

describe("a conformal p-value", () => {
  it("counts the held-out scores that are as high", () => {
    const calibration = calibrationOf([3, 1, 2, 2]);
    expect([0, 1, 1.5, 2, 3, 4].map((score) => 5 * conformalP(calibration, score))).toEqual([
      5, 5, 4, 4, 2, 1,
    ]);
    expect(smallestP(calibration)).toBe(1 / 5);
  });

  it("is at most α above the threshold of α, and nowhere else", () => {
    const calibration = calibrationOf(normals(4, 99));
    const scores = [...normals(5, 500), ...calibration.scores];
    for (const alpha of [0.005, 0.01, 0.02, 0.05, 0.29, 0.995]) {
      const threshold = thresholdOf(calibration, alpha) ?? Number.POSITIVE_INFINITY;
      const flagged = scores.map((score) => conformalP(calibration, score) <= alpha);
      expect(flagged).toEqual(scores.map((score) => score > threshold));
    }
    expect(thresholdOf(calibration, 0.005)).toBeUndefined();
  });

  it("is at most α for a share α of rows like the held-out ones", () => {
    // the share of alarms of one calibration is Beta(k, n + 1 − k) with k = α (n + 1): over 200 of them 5 standard errors are 0.0047
    const alpha = 0.05;
    let alarms = 0;
    for (let trial = 0; trial < 200; trial++) {
      const calibration = calibrationOf(normals(trial, 199));
      for (const score of normals(1000 + trial, 100))
        alarms += Number(conformalP(calibration, score) <= alpha);
    }
    expect(Math.abs(alarms / 20_000 - alpha)).toBeLessThan(0.012);
  });
});
