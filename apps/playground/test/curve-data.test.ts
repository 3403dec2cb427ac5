import { expect, test } from "vitest";
import { curveData } from "../src/ui/curve-data.js";

test("a short curve is shown step by step, with gaps where there is no number", () => {
  const [steps, means, measured] = curveData({ batches: [1, Number.NaN, 3], heldOut: [[2, 5]] });
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(means).toEqual([undefined, 1, undefined, 3]);
  expect(measured).toEqual([undefined, undefined, 5, undefined]);
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
