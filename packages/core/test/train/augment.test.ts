import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { batchesOf } from "../../src/train/data.js";
import { exampleReader } from "../../src/train/source.js";

const shape = [2, 2, 3];
const count = 64;
/** Example i holds 12 numbers of its own. */
const examples = Uint8Array.from({ length: count * 12 }, (_, at) => (at * 7) % 256);
const data = { examples, count };
const batches = (augment: "none" | "flip", seed = 3) =>
  batchesOf(exampleReader(data, { shape }), { shape }, { batchSize: count, seed, augment });

const mirrored = (image: readonly number[]): number[] =>
  [0, 3, 6, 9].flatMap((row) => image.slice(row, row + 3).reverse());
const images = async (source: ReturnType<typeof batches>, step: number): Promise<number[][]> => {
  const { data } = await source(step);
  return Array.from({ length: count }, (_, i) => [...data.subarray(i * 12, (i + 1) * 12)]);
};

describe("augment: flip", () => {
  it("mirrors about half of the images left to right and leaves the others alone", async () => {
    const [plain, flipped] = [await images(batches("none"), 1), await images(batches("flip"), 1)];
    const isMirrored = plain.map((image, i) => flipped[i]?.join() === mirrored(image).join());
    const isSame = plain.map((image, i) => flipped[i]?.join() === image.join());
    expect(isMirrored.every((yes, i) => yes !== isSame[i])).toBe(true);
    expect(Math.abs(isMirrored.filter(Boolean).length - count / 2)).toBeLessThan(16);
  });

  it("is a function of seed and step, and leaves the data as they were", async () => {
    const before = Uint8Array.from(examples);
    const [first, second] = [batches("flip"), batches("flip")];
    await second(0);
    expect(await images(first, 5)).toEqual(await images(second, 5));
    expect(await images(first, 5)).not.toEqual(await images(batches("flip", 4), 5));
    expect(examples).toEqual(before);
  });

  it("is for images", () => {
    const make = () =>
      batchesOf(
        exampleReader(data, { shape: [12] }),
        { shape: [12] },
        { batchSize: 8, seed: 0, augment: "flip" },
      );
    expect(make).toThrow(UsageError);
    expect(make).toThrow("only images [C, H, W] can be flipped, the examples are [12]");
  });
});
