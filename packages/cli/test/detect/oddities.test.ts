import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import type { ColumnSchema } from "../../src/data/table/schema.js";
import { arrayColumns } from "../../src/detect/detector.js";
import { madeOddities, partWeights } from "../../src/detect/oddities.js";

describe("made oddities", () => {
  // a number, the same again, a number of two values, and a text
  const text = {
    name: "text",
    type: "category",
    use: "model",
    missing: 0,
    distinct: 3,
    values: ["a", "b", "c"],
  };
  const columns = [...arrayColumns(3), text as ColumnSchema];
  const rows = Float32Array.from(
    Array.from({ length: 30 }, (_, i) => [3 ** (i % 15), 3 ** (i % 15), i % 2, i % 3]).flat(),
  );
  const [between = rows, mixed = rows] = madeOddities(rows, columns, 0);
  const column = (of: Float32Array, place: number): number[] => [...of].filter((_, i) => i % 4 === place);
  const share = (of: Float32Array, is: (a: number, b: number) => boolean): number => {
    const second = column(of, 1);
    return column(of, 0).filter((a, i) => is(a, second[i]!)).length / second.length;
  };

  it("lie halfway between two rows, where there is a middle", () => {
    const known = new Set(column(rows, 0));
    expect(share(between, (a, b) => a === b)).toBe(1);
    expect(share(between, (a) => known.has(a))).toBeLessThan(0.15); // a row and itself
    expect(new Set(column(between, 2))).toEqual(new Set([0, 1]));
    expect(new Set(column(between, 3))).toEqual(new Set([0, 1, 2]));
  });

  it("lack numbers as often as training rows do", () => {
    const lacking = rows.map((each, i) => (i % 16 === 0 ? Number.NaN : each));
    const [halves = rows] = madeOddities(lacking, columns, 0);
    const share = column(halves, 0).filter(Number.isNaN).length / (halves.length / 4);
    expect(Math.abs(share - 8 / 30)).toBeLessThan(0.05); // 46 % where a missing number makes the middle missing
  });

  it("have each value from a row of its own", () => {
    const known = new Set(column(rows, 0));
    expect(share(mixed, (a, b) => known.has(a) && known.has(b))).toBe(1);
    expect(share(mixed, (a, b) => a === b)).toBeLessThan(0.15);
  });

  it("are the same for a seed", () => {
    expect(madeOddities(rows, columns, 0)).toEqual([between, mixed]);
    expect(madeOddities(rows, columns, 1)[0]).not.toEqual(between);
  });
});

describe("weights of parts", () => {
  const rng = makeRng(5);
  const scores = (middle: number): Float32Array =>
    Float32Array.from({ length: 400 }, () => middle + rng.normal());
  const usual = { flow: scores(0), robust: scores(0), mixed: scores(0) };

  it("are larger for the part that tells more oddities from training rows, and 3 together", () => {
    const odd = [
      { flow: scores(0.2), robust: scores(0.5), mixed: scores(2) },
      { flow: scores(3), robust: scores(2), mixed: scores(2) },
    ];
    const { flow, robust, mixed } = partWeights(usual, odd);
    expect(flow + robust + mixed).toBeCloseTo(3, 12);
    expect(mixed).toBeGreaterThan(2);
    for (const weight of [flow, robust]) expect(weight).toBeGreaterThanOrEqual(0.2);
  });

  it("are equal where none is better, whatever the units are", () => {
    const same = {
      flow: usual.flow,
      robust: usual.flow.map((s) => 8 * s),
      mixed: usual.flow.map((s) => s / 4),
    };
    const odd = scores(1);
    const made = { flow: odd, robust: odd.map((s) => 8 * s), mixed: odd.map((s) => s / 4) };
    for (const weight of Object.values(partWeights(same, [made]))) expect(weight).toBeCloseTo(1, 12);
  });
});
