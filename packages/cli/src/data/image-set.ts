import { createHash } from "node:crypto";
import { UsageError } from "@flowify/core";

export type Split = "train" | "test";

/** The sizes of one image: channels, height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Images of one data set and split in memory: bytes 0..255, row-major [count, C, H, W]. */
export type ImageSet = Readonly<{
  name: string;
  split: Split;
  images: Uint8Array;
  shape: ImageShape;
  count: number;
  labels?: Uint8Array;
  /** sha256 of `images`, hexadecimal: with it somebody else can check that they have the same numbers. */
  hash: string;
}>;

export const imageSize = ([channels, height, width]: ImageShape): number => channels * height * width;

export const hashBytes = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The number of images follows from the bytes; the hash is computed here, once. */
export function imageSet(set: Omit<ImageSet, "count" | "hash">): ImageSet {
  return { ...set, count: set.images.length / imageSize(set.shape), hash: hashBytes(set.images) };
}

/**
 * The first `count` images, as a view; the hash is that of the images kept.
 *
 * @throws UsageError where the set holds fewer
 */
export function firstImages(set: ImageSet, count: number): ImageSet {
  if (count === set.count) return set;
  if (count > set.count) {
    throw new UsageError(`--limit ${count}: ${set.name} has only ${set.count} ${set.split} images`);
  }
  const { labels, hash: _, count: __, ...rest } = set;
  return imageSet({
    ...rest,
    images: set.images.subarray(0, count * imageSize(set.shape)),
    ...(labels && { labels: labels.subarray(0, count) }),
  });
}
