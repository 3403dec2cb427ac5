import { expect, test } from "vitest";
import { curveData } from "../src/ui/curve-data.js";
import { standingOf } from "../src/ui/held-out.js";

test("a short curve is shown step by step, with gaps where there is no number", () => {
  const [steps, means, measured, best] = curveData({ batches: [1, Number.NaN, 3], heldOut: [[2, 5]] });
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(means).toEqual([undefined, 1, undefined, 3]);
  expect(measured).toEqual([undefined, undefined, 5, undefined]);
  expect(best).toEqual(measured);
});

test("a long curve is shown by means that add up to that of all steps", () => {
  const batches = Array.from({ length: 16_000 }, (_, i) => Math.sin(i));
  const [steps, means, measured] = curveData({ batches, heldOut: [[16_000, 7]] });
  expect(steps.length).toBeLessThanOrEqual(801);
  expect(steps.at(-1)).toBe(16_000);
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean((means as number[]).slice(1))).toBeCloseTo(mean(batches), 10);
  expect(measured?.at(-1)).toBe(7);
});

/** Measurements at steps 0, 10, 20, … */
const at = (...values: number[]) => values.map((value, i) => [10 * i, value] as const);

test("the best step is told, and whether held-out examples have turned since", () => {
  expect(standingOf([])).toBeUndefined();
  expect(standingOf(at(1, 2, 3))).toEqual({ best: 20, trend: "level" });
  expect(standingOf(at(1, 3, 2, 2))).toEqual({ best: 10, trend: "level" });
  expect(standingOf(at(1, 3, 2, 2, 2, 1, 0))).toEqual({ best: 10, trend: "overfits" });
  expect(standingOf(at(1, 3, 2.95, 2.96, 2.94, 2.96, 2.95))).toEqual({ best: 10, trend: "level" });
  expect(standingOf(at(3, 2, 2, 2, 1, 0))).toEqual({ best: 0, trend: "worse" });
  expect(standingOf(at(Number.NaN, 2, 3))).toEqual({ best: 20, trend: "level" });
  const [, , , best] = curveData({
    batches: [1, 1],
    heldOut: [
      [0, 1],
      [1, 5],
      [2, 3],
    ],
  });
  expect(best).toEqual([undefined, 5, undefined]);
});
