import { DataError, makeRng, permutation } from "@flowify/core";
import {
  type ImageSet,
  type ImageShape,
  imageSet,
  imageSize,
  type PublishedSplit,
  WHOLE,
} from "./image-set.js";
import { allocate } from "./room.js";

const SEED = 0;
/** One image in so many is for the test. */
const PART = 10;

/**
 * Which of `count` images belong to a split, where they come without one: a tenth of them (at least
 * one), drawn once and for all by a fixed seed, are the test images. Both parts keep their order.
 *
 * @throws DataError for a single image
 */
export function drawnSplit(where: string, count: number, split: PublishedSplit): number[] {
  if (count < 2) throw new DataError(`${where}: a single image, expected one to train on and one to test on`);
  const drawn = new Set(permutation(makeRng(SEED), count).subarray(0, Math.max(1, Math.round(count / PART))));
  return Array.from({ length: count }, (_, i) => i).filter((i) => drawn.has(i) === (split === "test"));
}

/** The part of all images that `drawnSplit` gives to a split, or with `undrawn` all of them. */
export function drawnImages(
  where: string,
  { images, shape }: Readonly<{ images: Uint8Array; shape: ImageShape }>,
  split: PublishedSplit,
  name: string,
  undrawn = false,
): ImageSet {
  if (undrawn) return imageSet({ name, split: WHOLE, images, shape });
  const size = imageSize(shape);
  const count = images.length / size;
  const chosen = drawnSplit(where, count, split);
  const part = allocate(where, chosen.length * size);
  chosen.forEach((from, to) => {
    part.set(images.subarray(from * size, (from + 1) * size), to * size);
  });
  return imageSet({ name, split, images: part, shape, drawnFrom: count });
}
