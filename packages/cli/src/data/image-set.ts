import { createHash } from "node:crypto";
import { UsageError } from "@flowify/core";
import { formatCount } from "../ui/format.js";

/** The splits that data sets are published in. */
export type PublishedSplit = "train" | "test";

/** `validation`: the last of the training images, held out from the training. */
export type Split = PublishedSplit | "validation";

/** The sizes of one image: channels, height, width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** The images of a file or folder without splits, all of them. */
export const WHOLE = "all";

/** Images of one data set and split in memory: bytes 0..255, row-major [count, C, H, W]. */
export type ImageSet = Readonly<{
  name: string;
  split: Split | typeof WHOLE;
  images: Uint8Array;
  shape: ImageShape;
  count: number;
  labels?: Uint8Array;
  /** sha256 of `images`, hexadecimal: with it somebody else can check that they have the same numbers. */
  hash: string;
  /** Where only a part of the published split was found: its whole size, and the files that were there. */
  partOf?: Readonly<{ size: number; files: readonly string[] }>;
  /** Where the images came without splits: how many there were, of which these were drawn. */
  drawnFrom?: number;
  /** Of each image, the picture that it came from. */
  names?: readonly string[];
  /** Names of damaged pictures that were left out. */
  skipped?: readonly string[];
}>;

export const imageSize = ([channels, height, width]: ImageShape): number => channels * height * width;

export const hashBytes = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The number of images follows from the bytes; the hash is computed here, once. */
export function imageSet(set: Omit<ImageSet, "count" | "hash">): ImageSet {
  return { ...set, count: set.images.length / imageSize(set.shape), hash: hashBytes(set.images) };
}

/** The images `from` … `to − 1`, as a view; the hash is that of the images kept. */
function slice(set: ImageSet, from: number, to: number, split = set.split): ImageSet {
  const { labels, names, hash: _, count: __, ...rest } = set;
  const size = imageSize(set.shape);
  return imageSet({
    ...rest,
    split,
    images: set.images.subarray(from * size, to * size),
    ...(labels && { labels: labels.subarray(from, to) }),
    ...(names && { names: names.slice(from, to) }),
  });
}

/** `196 test images`, or `1,965 images` where they are all that there are. */
export const imagesOf = ({ count, split }: Pick<ImageSet, "count" | "split">): string =>
  `${formatCount(count)} ${split === WHOLE ? "" : `${split} `}image${count === 1 && split === WHOLE ? "" : "s"}`;

/**
 * The first `count` images, as a view; the hash is that of the images kept.
 *
 * @throws UsageError where the set holds fewer
 */
export function firstImages(set: ImageSet, count: number, flag = "--limit"): ImageSet {
  if (count === set.count) return set;
  if (count > set.count) {
    throw new UsageError(`${flag} ${count}: ${set.name} has only ${imagesOf(set)}`);
  }
  return slice(set, 0, count);
}

/**
 * Training images without the last `count`, and these as validation images.
 *
 * @throws UsageError where none would be left to train on
 */
export function holdOut(set: ImageSet, count: number): { train: ImageSet; validation?: ImageSet } {
  if (count === 0) return { train: set };
  if (count >= set.count) {
    throw new UsageError(
      `--validation ${count} leaves nothing to train on: ${set.name} has ${formatCount(set.count)} training images\nhold out fewer`,
    );
  }
  const kept = set.count - count;
  return { train: slice(set, 0, kept), validation: slice(set, kept, set.count, "validation") };
}

/**
 * `1,000 test images of cifar10 (of 10,000; from test_batch_first1000.bin.gz)`, or without the files;
 * `196 test images of faces (drawn from 1,965; 1 damaged picture left out: a.png)`.
 */
export function describeImages(
  { name, split, count, partOf, drawnFrom, skipped = [] }: ImageSet,
  { files = true }: { files?: boolean } = {},
): string {
  const listed = (names: readonly string[]): string =>
    `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
  const remarks = [
    partOf && `of ${formatCount(partOf.size)}`,
    partOf && files && `from ${partOf.files.join(", ")}`,
    drawnFrom !== undefined && `drawn from ${formatCount(drawnFrom)}`,
    skipped.length > 0 &&
      `${formatCount(skipped.length)} damaged picture${skipped.length > 1 ? "s" : ""} left out${files ? `: ${listed(skipped)}` : ""}`,
  ].filter((remark) => typeof remark === "string");
  const remarked = remarks.length > 0 ? ` (${remarks.join("; ")})` : "";
  return `${imagesOf({ count, split })} of ${name}${remarked}`;
}
