import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auroc } from "../src/auroc.js";

describe("auroc", () => {
  it.each<[string, number[], number[], number]>([
    ["apart", [1, 2, 3], [4, 5], 1],
    ["the other way round", [4, 5], [1, 2, 3], 0],
    ["all alike", [1, 1], [1, 1, 1], 0.5],
    ["a tie", [1, 2], [2, 3], 0.875],
    [
      "without an end",
      [0, Number.NEGATIVE_INFINITY],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      0.625,
    ],
  ])("%s", (_, own, strange, area) => {
    expect(auroc(own, strange)).toBe(area);
  });

  it("is the part of the pairs that are in order, ties half", () => {
    const scores = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(scores, scores, (own, strange) => {
        const wins = own.flatMap((a) => strange.map((b) => (b > a ? 1 : b === a ? 0.5 : 0)));
        const part = wins.reduce((sum: number, win) => sum + win, 0) / wins.length;
        expect(auroc(own, strange)).toBeCloseTo(part, 12);
      }),
    );
  });

  it("refuses an empty side and NaN", () => {
    expect(() => auroc([], [1])).toThrow("auroc: expected scores on both sides, got 0 and 1");
    expect(() => auroc([1], [Number.NaN])).toThrow("a score is NaN");
  });
});
