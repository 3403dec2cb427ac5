import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { newStack, storedStack, TOTAL } from "../src/bit-stack.js";
import { normalNumbers, uniformNumbers } from "../src/drop.js";
import { exp, normalCdf } from "../src/exact-functions.js";
import { UNIT } from "../src/grid.js";
import { popUniform, pushUniform } from "../src/uniform.js";

describe("a stack of bits", () => {
  it("grows by -log2 p for each symbol, and pops them in reverse", () => {
    const stack = newStack();
    const [rng, before] = [makeRng(1), stack.length()];
    const ranges: [start: number, count: number][] = [];
    for (let i = 0; i < 2000; i++) {
      const start = rng.integer(TOTAL);
      ranges.push([start, 1 + rng.integer(TOTAL - start)]);
    }
    for (const [start, count] of ranges) stack.push(start, count);
    const bits = ranges.reduce((sum, [, count]) => sum + Math.log2(TOTAL / count), 0);
    expect((stack.length() - before) / bits).toBeCloseTo(1, 4);
    const stored = storedStack(stack.store());
    for (const [start, count] of ranges.toReversed()) {
      const place = stored.peek();
      expect(place >= start && place < start + count).toBe(true);
      stored.pop(start, count);
    }
    expect(stored.rest()).toEqual(new Uint16Array());
  });

  it("pops from what lies below, then from its prefix, and finds both again", () => {
    const below = Uint16Array.of(7, 65535, 0, 12);
    const stack = newStack(below);
    const popped = Array.from({ length: 20 }, () => popUniform(stack, 1000));
    const { prefix } = stack.store();
    expect(prefix).toBeGreaterThan(5);
    expect(stack.rest()).toBeUndefined();
    for (const value of popped.toReversed()) pushUniform(stack, value, 1000);
    expect(stack.rest()).toEqual(below);
  });

  it("refuses what would never fit, and to go on where a stored one ends", () => {
    const ranges = [
      [0, -1],
      [0, 0],
      [-1, 1],
      [TOTAL, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, TOTAL + 1],
    ] as const;
    for (const [start, count] of ranges) {
      expect(() => newStack().push(start, count)).toThrow("expected a symbol within 0 to 2^24");
      expect(() => newStack().pop(start, count)).toThrow("expected a symbol within 0 to 2^24");
    }
    for (const [value, width] of [
      [-1, 10],
      [10, 10],
      [0, 2 ** 41],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
    ] as const)
      expect(() => pushUniform(newStack(), value, width)).toThrow("leave the example out");
    expect(() => normalNumbers(Number.POSITIVE_INFINITY).pop(newStack(), 0)).toThrow("numbers on the grid");
    const stored = storedStack({ words: Uint16Array.of(5, 6, 7, 8), prefix: 0, seed: 0 });
    expect(() => [1, 2, 3, 4].map(() => popUniform(stored, 2 ** 24))).toThrow("ends before its last example");
  });

  it("is not made of less than a state", () => {
    const stored =
      (...words: number[]) =>
      () =>
        storedStack({ words: Uint16Array.from(words), prefix: 0, seed: 0 });
    expect(stored(1, 2)).toThrow("expected at least 3 words, got 2");
    expect(stored(0, 2, 3)).toThrow("out of range");
  });
});

describe("numbers on the grid", () => {
  it.each([2, 3, 1000, 2 ** 16, 2 ** 16 + 1, 123_456_789, 2 ** 40])("uniform below %d", (width) => {
    const [stack, rng] = [newStack(), makeRng(width)];
    const values = [0, width - 1, ...Array.from({ length: 98 }, () => Math.floor(rng.uniform() * width))];
    const before = stack.length();
    for (const value of values) pushUniform(stack, value, width);
    expect((stack.length() - before) / (100 * Math.log2(width))).toBeCloseTo(1, 2);
    expect(values.toReversed().map(() => popUniform(stack, width))).toEqual(values.toReversed());
  });

  it.each([1e-7, 1e-3, 1, 30])("normal of standard deviation %d, and far out", (std) => {
    const numbers = normalNumbers(std);
    const far = [-(2 ** 50), 2 ** 50, Math.round((-40 * std) / UNIT), Math.round((13 * std) / UNIT)];
    const values = [
      ...far,
      ...Array.from({ length: 50 }, (_, i) => Math.round(((i - 25) * 0.1 * std) / UNIT)),
    ];
    const stack = newStack();
    for (const [i, value] of values.entries()) numbers.push(stack, value, i);
    for (let i = values.length - 1; i >= 0; i--) expect(numbers.pop(stack, i) === values[i]).toBe(true);
    expect(stack.rest()).toEqual(new Uint16Array());
  });

  it("uniform on an interval", () => {
    const [numbers, stack] = [uniformNumbers(-0.5), newStack()];
    for (const value of [-(2 ** 19), 0, 2 ** 19 - 1]) numbers.push(stack, value, 0);
    expect([0, 0, 0].map(() => numbers.pop(stack, 0))).toEqual([2 ** 19 - 1, 0, -(2 ** 19)]);
  });
});

it("exp and the normal distribution function, from sums, products and quotients", () => {
  for (let x = -700; x < 700; x += 0.37) expect(exp(x) / Math.exp(x)).toBeCloseTo(1, 13);
  expect(exp(-800)).toBe(0);
  // Abramowitz and Stegun, table 26.1
  for (const [t, value] of [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-2, 0.0227501319481792],
    [3, 0.9986501019683699],
  ] as const)
    expect(normalCdf(t)).toBeCloseTo(value, 6);
});
