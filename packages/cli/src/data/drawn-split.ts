import { DataError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { copyRows } from "../rows.js";
import type { ArrayRows } from "./array-rows.js";
import { allocate } from "./arrays/allocate.js";
import {
  type ImageSet,
  type ImageShape,
  imageSet,
  imageSize,
  type PublishedSplit,
  type RowSet,
  rowSet,
  WHOLE,
} from "./image-set.js";

const SEED = 0;
/** One of this many images is a test image. */
const PART = 10;

/**
 * The indices of a split for `count` images without splits: a tenth of them (at least one), chosen with a fixed seed,
 * are the test images. Both parts keep their order.
 *
 * @throws DataError for a single image
 */
export function drawnSplit(
  where: string,
  count: number,
  split: PublishedSplit,
  noun: "image" | "row" = "image",
): number[] {
  if (count < 2)
    throw new DataError(
      `${where}: a single ${noun}, expected at least one for training and one for the test`,
    );
  const drawn = new Set(permutation(makeRng(SEED), count).subarray(0, Math.max(1, Math.round(count / PART))));
  return Array.from({ length: count }, (_, i) => i).filter((i) => drawn.has(i) === (split === "test"));
}

/** The examples of `size` numbers that `drawnSplit` assigns to a split, and the original count. */
function drawn<T extends Uint8Array | Float32Array>(
  where: string,
  examples: T,
  size: number,
  split: PublishedSplit,
  noun: "image" | "row",
): { examples: T; drawnFrom: number } {
  const count = examples.length / size;
  const chosen = drawnSplit(where, count, split, noun);
  const bytes = allocate(where, chosen.length * size * examples.BYTES_PER_ELEMENT);
  const part = (examples instanceof Uint8Array ? bytes : new Float32Array(bytes.buffer)) as T;
  return { examples: copyRows(examples, size, chosen, part), drawnFrom: count };
}

/** The images that `drawnSplit` assigns to a split, or with `undrawn` all of them. */
export function drawnImages(
  where: string,
  { images, shape }: Readonly<{ images: Uint8Array; shape: ImageShape }>,
  split: PublishedSplit,
  name: string,
  undrawn = false,
): ImageSet {
  if (undrawn) return imageSet({ name, split: WHOLE, images, shape });
  const { examples, drawnFrom } = drawn(where, images, imageSize(shape), split, "image");
  return imageSet({ name, split, images: examples, shape, drawnFrom });
}

/** The rows that `drawnSplit` assigns to a split, or with `undrawn` all of them. */
export function drawnRows(
  where: string,
  all: ArrayRows,
  split: PublishedSplit,
  name: string,
  undrawn = false,
): RowSet {
  if (undrawn) return rowSet({ name, split: WHOLE, ...all });
  const { examples, drawnFrom } = drawn(where, all.rows, all.shape[0], split, "row");
  return rowSet({ name, split, ...all, rows: examples, drawnFrom });
}
