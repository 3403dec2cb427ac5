import { expect, it } from "vitest";
import { imageSet, slice, spread } from "../../src/data/image-set.js";

const set = imageSet({
  name: "numbers",
  split: "test",
  shape: [1, 1, 2],
  images: Uint8Array.from({ length: 14 }, (_, i) => i),
  labels: Uint8Array.from({ length: 7 }, (_, i) => i),
  names: Array.from({ length: 7 }, (_, i) => `${i}.png`),
  outputs: Float32Array.from({ length: 7 }, (_, i) => i / 2),
});

it("takes examples evenly from a whole set, with all that belongs to them", () => {
  const { images, labels, names, outputs, count, drawnFrom } = spread(set, 3, "--test");
  expect([count, drawnFrom]).toEqual([3, 7]);
  expect([...images]).toEqual([0, 1, 4, 5, 8, 9]);
  expect([[...(labels ?? [])], names, [...(outputs ?? [])]]).toEqual([
    [0, 2, 4],
    ["0.png", "2.png", "4.png"],
    [0, 1, 2],
  ]);
  expect(spread(set, 7, "--test")).toBe(set);
  expect(() => spread(set, 8, "--test")).toThrow("--test 8: numbers has only 7 test images");
});

it("takes a range of examples with all that belongs to them", () => {
  const { images, labels, names, outputs, split } = slice(set, 5, 7, "validation");
  expect([[...images], split]).toEqual([[10, 11, 12, 13], "validation"]);
  expect([[...(labels ?? [])], names, [...(outputs ?? [])]]).toEqual([
    [5, 6],
    ["5.png", "6.png"],
    [2.5, 3],
  ]);
});
