import { describe, expect, it } from "vitest";
import { mixedColumns, mixedCsv, mixedLogProb, mixedNames, mixedRows, mixedTerms } from "./mixed-table.js";
import { association, twoSampleP } from "./two-samples.js";

describe("the mixed table", () => {
  it("has the density that is said: −log p has the entropy of its parts as its mean", () => {
    const rows = mixedRows(20_000, 5);
    const terms = rows.map(mixedTerms);
    const entropy = (name: "kind" | "weight"): number =>
      -terms.reduce((sum, each) => sum + each[name], 0) / 20_000;
    expect(entropy("kind")).toBeCloseTo(1.28, 1); // −Σ p log p of 0.4, 0.3, 0.2, 0.1
    expect(entropy("weight")).toBeCloseTo(Math.log(0.5) + 0.5 * Math.log(2 * Math.PI * Math.E), 1);
    expect(mixedLogProb(rows[0]!)).toBeCloseTo(Object.values(terms[0]!).reduce((a, b) => a + b));
    expect(mixedCsv(rows.slice(0, 2)).split("\n")).toHaveLength(4);
  });

  it("sums to 1 over its categories and whole numbers", () => {
    const [row] = mixedRows(1, 1);
    let sum = 0;
    for (const kind of ["paper", "glass", "steel", "cloth"])
      for (const paid of [true, false])
        for (let items = 0; items < 60; items++) {
          const terms = mixedTerms({ ...row!, kind, paid, items });
          sum += Math.exp(terms.kind + terms.paid + terms.items);
        }
    expect(sum).toBeCloseTo(1, 9);
  });
});

describe("two samples", () => {
  const columns = mixedColumns(mixedRows(1000, 1));
  const others = mixedColumns(mixedRows(1000, 2));

  it("of one table pass the tests, and those of a table with a shift or another share do not", () => {
    for (const name of mixedNames) expect(twoSampleP(columns[name], others[name])).toBeGreaterThan(0.005);
    const shifted = others.size.map((size) => Number(size) + 0.4);
    expect(twoSampleP(columns.size, shifted)).toBeLessThan(1e-4);
    const fewer = others.kind.map((kind, i) => (kind === "paper" && i % 3 === 0 ? "glass" : kind));
    expect(twoSampleP(columns.kind, fewer)).toBeLessThan(1e-4);
  });

  it("have the p-values of tables: χ² of 1 and 3 degrees of freedom", () => {
    // 60 of 100 against 40 of 100: χ² = 8; in four classes 40 30 20 10 against 25 each: χ² = 10.900
    const column = (...counts: number[]) => counts.flatMap((n, i) => new Array<string>(n).fill("abcd"[i]!));
    expect(twoSampleP(column(60, 40), column(40, 60))).toBeCloseTo(0.004678, 5);
    expect(twoSampleP(column(40, 30, 20, 10), column(25, 25, 25, 25))).toBeCloseTo(0.012278, 5);
  });

  it("have associations between 0 and 1", () => {
    expect(association(columns.size, columns.size)).toBeCloseTo(1, 9);
    expect(association(columns.kind, columns.kind)).toBeCloseTo(1, 9);
    expect(association(columns.kind, columns.size)).toBeGreaterThan(0.7);
    expect(association(columns.size, columns.kind)).toBe(association(columns.kind, columns.size));
    const unrelated = association(columns.size, others.weight);
    expect(unrelated).toBeLessThan(0.15);
  });
});
