/** Numbers that heap on some values of a grid: which do, and how much, by laws of which both are known. */
import { describe, expect, it } from "vitest";
import { heaping } from "../../src/init/heaping.js";
import { makeRng } from "../../src/math/rng.js";

/** Whole numbers of a normal law; a share of them is rounded to multiples of ten. */
function heaped(count: number, share: number, seed: number): number[] {
  const rng = makeRng(seed);
  return Array.from({ length: count }, () => {
    const step = Math.round(200 + 40 * rng.normal());
    return rng.uniform() < share ? 10 * Math.round(step / 10) : step;
  });
}

describe("numbers of a grid", () => {
  it("are as much likelier on tens as the share that is rounded to them says", () => {
    const found = heaping(heaped(4000, 0.6, 1), 1000)!.pieces;
    const middle = found.filter(({ from }) => from > 150 && from < 250);
    const mean = (isTen: boolean): number => {
      const own = middle.filter(({ from }) => (from % 10 === 0) === isTen);
      return own.reduce((sum, { times }) => sum + times, 0) / own.length;
    };
    // 0.4 + 0.6 · 10 of what is usual on a ten, and 0.4 elsewhere
    expect(mean(true) / mean(false)).toBeGreaterThan(12);
    expect(mean(true) / mean(false)).toBeLessThan(21);
    expect(found.at(0)!.from).toBe(Math.min(...heaped(4000, 0.6, 1)));
    expect(found.every(({ from, to }, i) => to > from && (found[i + 1]?.from ?? to) === to)).toBe(true);
  });

  it.each([
    ["a normal law", heaped(3000, 0, 2)],
    ["a normal law of few", heaped(100, 0, 3)],
    ["one value", new Array<number>(200).fill(7)],
    ["values that do not repeat", Array.from({ length: 300 }, (_, i) => (i * 7919) % 100_003)],
  ])("of %s do not heap", (_, steps) => {
    expect(heaping(steps, 1000)).toBeUndefined();
  });

  it("of too fine a grid have a piece each where they heap most, and one between those", () => {
    const rng = makeRng(4);
    const thousands = Array.from(
      { length: 2000 },
      (_, i) => 1000 * Math.floor(-30 * Math.log(1 - rng.uniform())) + (i % 10 === 0 ? rng.integer(1000) : 0),
    );
    const found = heaping(thousands, 61)!.pieces;
    expect(found.length).toBeLessThanOrEqual(61);
    const named = found.filter(({ from, to }) => to === from + 1);
    expect(named.length).toBeGreaterThan(20);
    const ofThousands = named.filter(({ from }) => from % 1000 === 0);
    expect(ofThousands.length / named.length).toBe(1);
    const between = found.filter(({ from, to }) => to - from === 999);
    // nine tenths on one of a thousand, one tenth on the others
    expect(ofThousands.every(({ times }) => times > 300)).toBe(true);
    expect(between.length).toBeGreaterThan(10);
    expect(between.every(({ times }) => times < 0.7)).toBe(true);
  });
});
