import type { DataSet } from "../data/image-set.js";
import { valueAt } from "../places.js";
import { rowOf } from "../rows.js";

/** Number of images classified as their label, and of all images. */
export type Accuracy = Readonly<{ right: number; of: number }>;

/**
 * Accuracy of a classifier. Undefined for images without labels, or with a label that it has no output for, and for named
 * classes of another number.
 *
 * @param outputs of the classifier for the images, one after another
 */
export function accuracyOf(set: DataSet, outputs: Float32Array): Accuracy | undefined {
  if ("rows" in set) return undefined;
  const { labels, count, classes: { length: named } = {} } = set;
  const classes = outputs.length / count;
  if (!labels || classes < 2 || (named ?? classes) !== classes || labels.some((label) => label >= classes))
    return undefined;
  const right = labels.filter((label, i) => {
    const own = rowOf(outputs, i, classes);
    return own.every((value, place) => place === label || value < valueAt(own, label));
  });
  return { right: right.length, of: count };
}
