import { expect } from "vitest";
import { distance } from "../../src/testing/within.js";
import { type Tolerance, tolerance } from "../tolerances.js";

type Numbers = ArrayLike<number>;

/** `slack` multiplies the tolerance: the condition number that an entry of the catalog declares. */
export function expectClose(ours: Numbers, theirs: Numbers, name: Tolerance, slack = 1): void {
  expect(ours.length).toBe(theirs.length);
  expect(ours.length).toBeGreaterThan(0);
  expect(distance(ours, theirs)).toBeLessThanOrEqual(tolerance(name) * slack);
}
