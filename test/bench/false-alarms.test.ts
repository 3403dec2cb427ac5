import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { binomialInterval, falseAlarmsOf, showFalseAlarms } from "../../bench/false-alarms.js";

const scores = (count: number): Float64Array => {
  const rng = makeRng(3);
  return Float64Array.from({ length: count }, () => rng.normal());
};

// the intervals are those of SciPy: binom.ppf([0.005, 0.995], n, p)
describe("false alarms", () => {
  it.each([
    [500, 0.01, [0, 12]],
    [500, 0.05, [13, 38]],
    [1000, 0.05, [33, 69]],
    [100_000, 0.01, [920, 1082]],
  ] as const)("of %d rows at %d lie in a 99 %% interval", (rows, level, wanted) => {
    expect(binomialInterval(rows, level)).toEqual(wanted);
  });

  it("of rows that are alike are as many as promised", () => {
    const found = falseAlarmsOf(scores(2000), 0)!;
    expect([found.rows, found.rates.map(({ inside }) => inside)]).toEqual([2000, [true, true]]);
    expect(showFalseAlarms(found)).toMatch(
      /^false alarms at 1 %: [\d.]+ % \(0\.50 to 1\.60\), false alarms at 5 %/,
    );
  });

  it("are not counted on few rows", () => {
    expect(falseAlarmsOf(scores(499), 0)).toBeUndefined();
  });
});
