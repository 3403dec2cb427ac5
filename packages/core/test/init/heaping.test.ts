/** Numbers that heap on some values of a grid: which do, and how much, by laws of which both are known. */
import { describe, expect, it } from "vitest";
import { heaping, heapingByPlace } from "../../src/init/heaping.js";
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

  it("that come again have heaps where no number is", () => {
    const rng = makeRng(5);
    const tens = Array.from({ length: 300 }, (_, i) =>
      i % 5 === 0 ? rng.integer(3000) : 10 * rng.integer(300),
    );
    const seen = new Set(tens);
    const unseen = heaping(tens, 1000)!.pieces.filter(({ from }) => from % 10 === 0 && !seen.has(from));
    expect(unseen.length).toBeGreaterThan(50);
    // 0.8 · 10 and 0.2 of what is usual
    const mean = unseen.reduce((sum, { times }) => sum + times, 0) / unseen.length;
    expect(mean).toBeGreaterThan(6);
    expect(mean).toBeLessThan(10);
  });

  it("heap given their place in a cycle, and without it where all places heap alike", () => {
    const rng = makeRng(6);
    const places = Array.from({ length: 900 }, () => Math.max(0, rng.integer(6) - 2));
    const own = places.map((place) => (place === 0 ? 10 * rng.integer(40) : rng.integer(400)));
    const found = heapingByPlace(own, places, 1000, 3);
    expect([...found.own.keys()]).toEqual([0]);
    expect(found.own.get(0)).toBeDefined();
    expect(found.others).toBeUndefined();
    const alike = heapingByPlace(
      places.map(() => 10 * rng.integer(40)),
      places,
      1000,
      3,
    );
    expect(alike.others).toBeDefined();
    expect(alike.own.size).toBe(0);
  });
});
