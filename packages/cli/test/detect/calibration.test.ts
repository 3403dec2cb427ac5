import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { calibrationOf, conformalP, smallestP, thresholdOf } from "../../src/detect/calibration.js";
import { readCalibration, writeCalibration } from "../../src/detect/calibration-file.js";
import { temporaryFolder } from "../temporary-folder.js";

const root = temporaryFolder();
const normals = (seed: number, count: number): Float64Array => {
  const rng = makeRng(seed);
  return Float64Array.from({ length: count }, () => rng.normal());
};

describe("a conformal p-value", () => {
  it("counts the held-out scores that are as high", () => {
    const calibration = calibrationOf(1, [3, 1, 2, 2]);
    expect([0, 1, 1.5, 2, 3, 4].map((score) => 5 * conformalP(calibration, score))).toEqual([
      5, 5, 4, 4, 2, 1,
    ]);
    expect(smallestP(calibration)).toBe(1 / 5);
  });

  it("is the smallest for a score that has left all numbers", () => {
    const calibration = calibrationOf(1, [3, 1, 2, 2]);
    for (const score of [Number.POSITIVE_INFINITY, Number.NaN])
      expect(conformalP(calibration, score)).toBe(1 / 5);
    expect(conformalP(calibration, Number.NEGATIVE_INFINITY)).toBe(1);
  });

  it("is at most α above the threshold of α, and nowhere else", () => {
    const calibration = calibrationOf(1, normals(4, 99));
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
      const calibration = calibrationOf(0, normals(trial, 199));
      for (const score of normals(1000 + trial, 100))
        alarms += Number(conformalP(calibration, score) <= alpha);
    }
    expect(Math.abs(alarms / 20_000 - alpha)).toBeLessThan(0.012);
  });
});

describe("the calibration of a run", () => {
  const path = join(root, "calibration.json");

  it("comes back from its file, of its own state alone", async () => {
    const calibration = calibrationOf(7, normals(1, 20));
    await writeCalibration(path, calibration, { run: "a" });
    expect(readCalibration(path, root, 7, { run: "a" })).toEqual(calibration);
    expect(() => readCalibration(path, root, 7, { run: "b" })).toThrow("of another run than config.json");
    expect(() => readCalibration(path, root, 8, { run: "a" })).toThrow(
      "of step 7, expected the state of step 8",
    );
  });

  it("that is missing or damaged is refused with what helps", () => {
    expect(() => readCalibration(join(root, "none.json"), "runs/x", 1, {})).toThrow(
      "runs/x: no calibration.json, expected the scores of held-out rows\nrun flowify train --resume runs/x to write it",
    );
    const bad = join(root, "bad.json");
    writeFileSync(bad, '{"format":"flowify-calibration","version":1,"step":1,"scores":[]}');
    expect(() => readCalibration(bad, "runs/x", 1, {})).toThrow("not a calibration");
    writeFileSync(bad, "{");
    expect(() => readCalibration(bad, "runs/x", 1, {})).toThrow(
      /not JSON .*\nrun flowify train --resume runs\/x/,
    );
  });
});
