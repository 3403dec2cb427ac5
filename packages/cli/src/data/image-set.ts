import { createHash } from "node:crypto";
import { type Flow, UsageError } from "@flowify/core";
import { valuesAt } from "../places.js";
import { takeRows } from "../rows.js";
import { formatCount } from "../ui/format.js";
import type { TableSchema } from "./table/schema.js";

export type PublishedSplit = "train" | "test";

/** `validation`: the last training images, held out from training. */
type Split = PublishedSplit | "validation";

export type ImageShape = readonly [channels: number, height: number, width: number];

/** The examples of a file or folder without splits, all of them. */
export const WHOLE = "all";

/** Origin and number of the examples of a set. */
type SetFacts = Readonly<{
  name: string;
  split: Split | typeof WHOLE;
  count: number;
  /** sha256 of the numbers, hexadecimal: identifies the data. */
  hash: string;
  /** If only a part of the published split was found: its full size, and the files that were found. */
  partOf?: Readonly<{ size: number; files: readonly string[] }>;
  /** The number of all examples, from which these were chosen. */
  drawnFrom?: number;
  /** Names of skipped damaged pictures. */
  skipped?: readonly string[];
  /** What a network that is a step of a flow returns for each example, one after another. */
  outputs?: Float32Array;
}>;

/** Images of one data set and split in memory: bytes 0..255, row-major [count, C, H, W]. */
export type ImageSet = SetFacts &
  Readonly<{
    images: Uint8Array;
    shape: ImageShape;
    labels?: Uint8Array;
    /** What labels mean, where they have names. */
    classes?: readonly string[];
    /** The source picture of each image. */
    names?: readonly string[];
  }>;

export type RowShape = readonly [columns: number];

/** Rows of numbers of one data set and split in memory, [count, columns]. */
export type RowSet = SetFacts &
  Readonly<{
    rows: Float32Array;
    shape: RowShape;
    /** As of `flowRows`: log q of the noise in place of numbers, a row each, where there is some. */
    fillLog?: Float64Array;
    /** Number of levels of integers 0..levels−1, for dequantization; undefined for real numbers. */
    levels?: number;
    /** Names of the columns; by default their indices. */
    columns?: readonly string[];
    /** The columns of the table that the rows come from, and what there is to say of it, a line each. */
    schema?: TableSchema;
    notes?: readonly string[];
  }>;

export type DataSet = ImageSet | RowSet;

/** The numbers of all examples, one after another. */
export const examplesOf = (set: DataSet): Uint8Array | Float32Array =>
  "rows" in set ? set.rows : set.images;

/**
 * The classes of images, for a flow that is conditional on them; what a network returned, for one of its inputs; for another flow
 * nothing.
 *
 * @throws UsageError for data without labels, or with more classes than the flow has
 */
export function conditionOf(
  { condition }: Pick<Flow, "condition">,
  set: DataSet,
): { condition?: Uint8Array | Float32Array } {
  if (!condition) return {};
  if (condition.computed) return set.outputs ? { condition: set.outputs } : {};
  const { labels } = "rows" in set ? {} : set;
  if (!labels)
    throw new UsageError(
      `${set.name} has no labels, and this density is conditional on them\nname data with labels: mnist, fashion-mnist, cifar10, a folder of idx files with labels, or pictures in a folder for each class`,
    );
  const most = labels.reduce((a, b) => Math.max(a, b), 0);
  if (condition.levels !== undefined && most >= condition.levels)
    throw new UsageError(`${set.name} has the label ${most}, expected 0 to ${condition.levels - 1}`);
  return { condition: labels };
}

/** log densities of the noise in place of numbers, as an option of `FlowModel.evaluate`. */
export const filledOf = (set: DataSet): { filled?: Float64Array } =>
  "rows" in set && set.fillLog ? { filled: set.fillLog } : {};

export const isRowShape = (shape: ImageShape | RowShape): shape is RowShape => shape.length === 1;

/** The word for one example or several. */
export const nounOf = ({ shape }: Readonly<{ shape: readonly number[] }>, count = 2): string =>
  `${shape.length === 1 ? "row" : "image"}${count === 1 ? "" : "s"}`;

/** `column 3`, or `column "age"` if the columns have names. */
export const columnLabel = ({ columns }: Pick<RowSet, "columns">, column: number): string =>
  columns ? `column ${JSON.stringify(columns[column])}` : `column ${column + 1}`;

/**
 * The set, checked to hold images.
 *
 * @throws UsageError for rows of numbers; the message says that `what` needs images
 */
export function expectImages(set: DataSet, what: string): ImageSet {
  if ("images" in set) return set;
  throw new UsageError(
    `${what} needs images, ${set.name} holds rows of ${set.shape[0]} numbers\nname images; flowify train --size HEIGHTxWIDTH reads rows as images`,
  );
}

export const imageSize = ([channels, height, width]: ImageShape): number => channels * height * width;

const sizeOfExample = (shape: ImageShape | RowShape): number =>
  isRowShape(shape) ? shape[0] : imageSize(shape);

/** The sha256 of texts, bytes and numbers, one after another, hexadecimal. */
export function hashOf(...parts: readonly (string | Uint8Array | Float32Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Adds the number of examples and the hash. */
export const imageSet = (set: Omit<ImageSet, "count" | "hash">): ImageSet => ({
  ...set,
  count: set.images.length / imageSize(set.shape),
  hash: hashOf(set.images),
});

export const rowSet = (set: Omit<RowSet, "count" | "hash">): RowSet => ({
  ...set,
  count: set.rows.length / set.shape[0],
  hash: hashOf(set.rows),
});

/** A set without what follows from its examples, and the split. */
export type Examples = Omit<ImageSet, "count" | "hash" | "split"> | Omit<RowSet, "count" | "hash" | "split">;

/** The same as a set. */
export const setOf = (examples: Examples, split: DataSet["split"]): DataSet =>
  "rows" in examples ? rowSet({ ...examples, split }) : imageSet({ ...examples, split });

type Numbers = Uint8Array | Float32Array | Float64Array;

/** How some examples are taken from arrays that hold `size` entries for each. */
type Taking = Readonly<{
  numbers<T extends Numbers>(all: T, size: number): T;
  texts(all: readonly string[]): string[];
}>;

/** Some examples of a set, with their own hash. */
function taken<Set extends DataSet>(set: Set, { numbers, texts }: Taking): Set {
  const outputs = set.outputs && { outputs: numbers(set.outputs, set.outputs.length / set.count) };
  const size = sizeOfExample(set.shape);
  if ("rows" in set) {
    const fillLog = set.fillLog && { fillLog: numbers(set.fillLog, 1) };
    return rowSet({ ...set, ...outputs, ...fillLog, rows: numbers(set.rows, size) }) as DataSet as Set;
  }
  const { labels, names, images, ...rest }: ImageSet = set;
  return imageSet({
    ...rest,
    ...outputs,
    images: numbers(images, size),
    ...(labels && { labels: numbers(labels, 1) }),
    ...(names && { names: texts(names) }),
  }) as DataSet as Set;
}

/** The examples `from` … `to − 1`, as a view, with their own hash. */
export const slice = <Set extends DataSet>(
  set: Set,
  from: number,
  to: number,
  split: DataSet["split"] = set.split,
): Set =>
  taken(
    { ...set, split },
    {
      numbers: <T extends Numbers>(all: T, size: number) => all.subarray(from * size, to * size) as T,
      texts: (all) => all.slice(from, to),
    },
  );

/** The examples at these places, as a copy, with their own hash. */
export const takenAt = <Set extends DataSet>(set: Set, places: ArrayLike<number>): Set =>
  taken(set, {
    numbers: (all, size) => takeRows(all, size, places),
    texts: (all) => valuesAt(all, places),
  });

/**
 * So many examples, evenly spaced, as a copy: the first ones of a published set may be easier than the others.
 *
 * @throws UsageError if the set holds fewer
 */
export function spread<Set extends DataSet>(set: Set, count: number, flag: string): Set {
  if (count >= set.count) return firstImages(set, count, flag);
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * set.count) / count));
  return takenAt({ ...set, drawnFrom: set.count }, places);
}

/** `196 test images`, or `1,965 rows` for data without splits. */
export const imagesOf = ({ count, split, shape }: Pick<DataSet, "count" | "split" | "shape">): string =>
  split === WHOLE
    ? `${formatCount(count)} ${nounOf({ shape }, count)}`
    : `${formatCount(count)} ${split} ${nounOf({ shape })}`;

/**
 * The first `count` examples, as a view, with their own hash.
 *
 * @throws UsageError if the set holds fewer
 */
export function firstImages<Set extends DataSet>(set: Set, count: number, flag = "--limit"): Set {
  if (count === set.count) return set;
  if (count > set.count) {
    throw new UsageError(`${flag} ${count}: ${set.name} has only ${imagesOf(set)}`);
  }
  return slice(set, 0, count);
}

/**
 * Splits training examples: all but the last `count` for training, the last `count` for validation.
 *
 * @throws UsageError if none are left for training
 */
export function holdOut<Set extends DataSet>(set: Set, count: number): { train: Set; validation?: Set } {
  if (count === 0) return { train: set };
  if (count >= set.count) {
    throw new UsageError(
      `--validation ${count} leaves nothing to train on: ${set.name} has ${formatCount(set.count)} training ${nounOf(set)}\nhold out fewer`,
    );
  }
  const kept = set.count - count;
  return { train: slice(set, 0, kept), validation: slice(set, kept, set.count, "validation") };
}

/**
 * `1,000 test images of cifar10 (of 10,000; from test_batch_first1000.bin.gz)`, optionally without the files;
 * `196 test images of faces (drawn from 1,965; 1 damaged picture left out: a.png)`.
 */
export function describeImages(
  { name, split, shape, count, partOf, drawnFrom, skipped = [] }: DataSet,
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
  return `${imagesOf({ count, split, shape })} of ${name}${remarked}`;
}
