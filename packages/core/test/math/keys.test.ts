import { random } from "@jax-js/jax";
import { expect, it } from "vitest";
import { isShapeKey, keyBits, keyOfSeed, shapeKey, splitKey } from "../../src/math/keys.js";

const seeds = [0, 1, 7, 2 ** 31, 2 ** 32 - 1, 123_456_789];

it("keys are those of jax-js, bit for bit", () => {
  for (const seed of seeds) {
    expect([...keyOfSeed(seed).dataSync()]).toEqual([...random.key(seed).dataSync()]);
    for (const n of [1, 2, 3, 17]) {
      const own = splitKey(keyOfSeed(seed), n).flatMap((key) => [...key.dataSync()]);
      expect(own).toEqual([...random.split(random.key(seed), n).dataSync()]);
      // of a key that jax-js made, and of one that comes from a key
      expect(splitKey(random.key(seed), n).flatMap((key) => [...key.dataSync()])).toEqual(own);
    }
    const [first, second] = splitKey(keyOfSeed(seed), 2);
    expect(keyBits(first)).toBe(random.bits(random.split(random.key(seed), 2).slice(0)).item());
    expect(splitKey(second, 2)[1].dataSync()).toEqual(
      random
        .split(random.split(random.key(seed), 2).slice(1), 2)
        .slice(1)
        .dataSync(),
    );
  }
});

it("keys of shapes stay such when they are split", () => {
  expect(splitKey(shapeKey(), 3).map(isShapeKey)).toEqual([true, true, true]);
});
