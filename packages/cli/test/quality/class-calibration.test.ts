import { makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { judgeClasses } from "../../src/quality/class-calibration.js";

/** log p of two classes, whose first one has the probability p, and the labels that these make. */
function drawn(count: number, factor: number) {
  const random = makeRng(4);
  const p = Float64Array.from({ length: count }, () => random.uniform());
  const logs = [p, p.map((each) => 1 - each)].map((each) => each.map((q) => factor * Math.log(q) - 700));
  const labels = Array.from(p, (each) => Number(random.uniform() >= each));
  return judgeClasses(logs, labels);
}

it("finds probabilities right that labels are drawn from", () => {
  const { right, of, calibrationError, bins } = drawn(4000, 1);
  expect(of).toBe(4000);
  // the likelier class has 3 / 4 in the mean
  expect(Math.abs(right / of - 0.75)).toBeLessThan(0.03);
  expect(calibrationError).toBeLessThan(0.03);
  expect(bins.length).toBe(5);
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(of);
});

it("finds probabilities that are too sure, and says how sure they are", () => {
  const sure = drawn(4000, 4);
  expect(sure.right).toBe(drawn(4000, 1).right);
  expect(sure.calibrationError).toBeGreaterThan(0.12);
  expect(sure.bins.at(-1)?.probability).toBeGreaterThan((sure.bins.at(-1)?.right ?? 1) + 0.1);
});
