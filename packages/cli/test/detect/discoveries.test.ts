import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { discoveryThreshold } from "../../src/detect/calibration.js";

/** The rule as it is written in the paper: sorted p-values against q i / m. */
function byTheBook(ps: readonly number[], q: number): number {
  const sorted = [...ps].sort((a, b) => a - b);
  return sorted.filter((p, i) => p <= (q * (i + 1)) / ps.length).at(-1) ?? 0;
}

describe("false discoveries", () => {
  it.each([0.05, 0.2, 0.5])("are limited as by sorted p-values, q = %d", (q) => {
    for (let seed = 0; seed < 50; seed++) {
      const rng = makeRng(seed);
      const counts = new Float64Array(101);
      const ps = Array.from({ length: 60 }, () => {
        const k = Math.floor((rng.uniform() < 0.2 ? 3 : 101) * rng.uniform());
        counts[k]!++;
        return (k + 1) / 101;
      });
      expect(discoveryThreshold(counts, q)).toBe(byTheBook(ps, q));
    }
  });

  it("are none where no row is odd enough", () => {
    expect(discoveryThreshold([0, 0, 5, 5], 0.1)).toBe(0);
  });
});
