import { DataError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng, sizeOf } from "@flowify/core/layer";
import {
  type DataSet,
  type Examples,
  nounOf,
  type PublishedSplit,
  setOf,
  takenAt,
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
export function drawnSplit(where: string, count: number, split: PublishedSplit, noun = "image"): number[] {
  if (count < 2)
    throw new DataError(
      `${where}: a single ${noun}, expected at least one for training and one for the test`,
    );
  const drawn = new Set(permutation(makeRng(SEED), count).subarray(0, Math.max(1, Math.round(count / PART))));
  return Array.from({ length: count }, (_, i) => i).filter((i) => drawn.has(i) === (split === "test"));
}

/** The examples that `drawnSplit` assigns to a split, or with `undrawn` all of them. */
export function drawnSet(where: string, all: Examples, split: PublishedSplit, undrawn = false): DataSet {
  if (undrawn) return setOf(all, WHOLE);
  const numbers = "rows" in all ? all.rows : all.images;
  const count = numbers.length / sizeOf(all.shape);
  const places = drawnSplit(where, count, split, nounOf(all, 1));
  return takenAt({ ...all, split, count, hash: "", drawnFrom: count }, places);
}
