import type { FlowModel } from "@flowify/core";
import type { DataSet } from "../data/image-set.js";

/** Number of images classified as their label, and of all images. */
export type Accuracy = Readonly<{ right: number; of: number }>;

/**
 * Accuracy of a classifier. Undefined for images without labels, or with a label that it has no output for.
 *
 * @param upTo the flow from the pixels to the outputs of the pretrained network
 */
export async function accuracyOf(upTo: FlowModel, set: DataSet): Promise<Accuracy | undefined> {
  if ("rows" in set) return undefined;
  const { images, labels, count } = set;
  const classes = upTo.flow.latentShape.reduce((a, b) => a * b, 1);
  if (!labels || classes < 2 || labels.some((label) => label >= classes)) return undefined;
  const results = await upTo.encode(images, { mode: "deterministic" });
  const right = labels.filter((label, i) => {
    const own = results.subarray(i * classes, (i + 1) * classes);
    return own.every((value, place) => place === label || value < own[label]!);
  });
  return { right: right.length, of: count };
}
