import { expect } from "vitest";
import { type Tolerance, tolerance } from "../tolerances.js";

type Numbers = ArrayLike<number>;

/** The largest |a − b|, in units of the largest |b| and at least of 1; Infinity where any is not finite. */
function distance(a: Numbers, b: Numbers): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let unit = 1;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    unit = Math.max(unit, Math.abs(b[i] as number));
    const error = Math.abs((a[i] as number) - (b[i] as number));
    worst = Math.max(worst, Number.isFinite(error) ? error : Number.POSITIVE_INFINITY);
  }
  return worst / unit;
}

/** `slack` multiplies the tolerance: the condition number that an entry of the catalog declares. */
export function expectClose(ours: Numbers, theirs: Numbers, name: Tolerance, slack = 1): void {
  expect(ours.length).toBe(theirs.length);
  expect(ours.length).toBeGreaterThan(0);
  expect(distance(ours, theirs)).toBeLessThanOrEqual(tolerance(name) * slack);
}
