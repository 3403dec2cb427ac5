import { describe, expect, it } from "vitest";
import { judgeReached, reachedLines, reachedTitle } from "../../src/quality/reached.js";

const wanted = Float32Array.of(5, 1);

describe("inputs for requested outputs", () => {
  it("are reached only if their pictures have these outputs", () => {
    const found = judgeReached(
      wanted,
      Float32Array.of(5, 1, 5, 1, 5, 1),
      Float32Array.of(5.25, 1, -0.875, 1, 5, 1.5),
    );
    expect(found.reached).toEqual([0]);
    expect(found.missed).toEqual([2, 1]);
    expect(reachedTitle(found)).toBe("1 of 3 inputs reached the outputs; differ by at most 0.25 as pictures");
    expect(reachedLines(found, Float64Array.of(1, 1, 1), "mnist/test#4")).toEqual([
      "reached: 1 of 3, within 0.25 after rounding to 256 levels (0 before)",
      "  1 are samples of the inverse, moved to these outputs",
      "not reached: 2 of 3, 0.5 to 5.9 from the requested outputs after rounding to 256 levels (at most 0 before; reached means 0.25)",
    ]);
  });

  it("are not called samples where none is reached", () => {
    const found = judgeReached(wanted, Float32Array.of(5, 1, 5, 1), Float32Array.of(0, 1, -1, 1));
    const lines = reachedLines(found, Float64Array.of(1, 1), "mnist/test#4");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("not reached: 2 of 2, 5 to 6 from the requested outputs");
    expect(reachedTitle(found)).toBe("not reached: the nearest of 2 inputs differs by 5 as a picture");
  });

  it("counts outputs that are not numbers as missed", () => {
    const found = judgeReached(wanted, Float32Array.of(5, 1), Float32Array.of(Number.NaN, 1));
    expect(found.reached).toEqual([]);
  });

  it("says how far inputs came that stopped before their sample", () => {
    const found = judgeReached(wanted, Float32Array.of(5, 1), Float32Array.of(5, 1));
    expect(reachedLines(found, Float64Array.of(0.25), "a.png")).toContain(
      "  1 come from a.png and moved toward their sample, on average 0.25 of the way",
    );
  });
});
