import { applyNetwork, ShapeError } from "@flowify/core";
import { permutation } from "@flowify/core/internal";
import { makeRng, sizeOf } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { type DataSet, examplesOf, type ImageShape } from "../data/image-set.js";
import type { Normalization } from "../flags/parsers.js";
import { fromPixels } from "../networks/pixels.js";
import { takeRows } from "../rows.js";

/** Examples as a network takes them, made of those of a data set when they are needed. */
export type Examples = Readonly<{
  name: string;
  count: number;
  labels?: Uint8Array | undefined;
  /** What labels mean, where they have names. */
  classes?: readonly string[] | undefined;
  /** Sizes of an example as the data set has it. */
  shape: readonly number[];
  /** Its least and greatest number. */
  range: readonly [number, number];
  /** Numbers of these examples, as the data set has them. */
  plain(places: ArrayLike<number>): Float32Array;
  /** Plain numbers as the network takes them. */
  toInput(plain: Float32Array): Promise<Float32Array>;
}>;

/** Numbers that are preprocessed at once. */
const AT_ONCE = 2 ** 22;

/**
 * The sizes of an example of a network that may leave some open, for pictures [C, H, W] or rows.
 *
 * @throws ShapeError where the examples do not fit
 */
export function inputShape(
  sizes: readonly (number | string)[],
  shape: readonly number[],
  name: string,
  remedy = "choose another --data, or resize pictures with --size HEIGHTxWIDTH",
): number[] {
  const [channels = 0, height = 0, width = 0] = shape;
  const size = sizeOf(shape);
  const fits = (each: readonly number[]): boolean =>
    each.length === sizes.length && sizes.every((known, i) => typeof known !== "number" || known === each[i]);
  const orders = shape.length === 3 ? [shape, [height, width, channels], [size]] : [shape];
  const found = orders.find(fits);
  if (found) return [...found];
  const known = sizes.filter((each) => typeof each === "number");
  if (known.length === sizes.length && sizeOf(known) === size) return known;
  throw new ShapeError(
    `the examples of ${name} are [${shape.join(", ")}], the network takes [${sizes.join(", ")}]\n${remedy}`,
  );
}

/** From pixels 0 to 255, one picture after another, to the inputs of a network. Errors: those of `fromPixels`. */
export function preprocessing(
  shape: ImageShape,
  to: readonly number[],
  normalize?: Normalization,
): (pixels: Uint8Array | Float32Array) => Promise<Float32Array> {
  const layers = fromPixels(shape, to, normalize);
  const some = Math.max(1, Math.floor(AT_ONCE / sizeOf(shape))) * sizeOf(shape);
  return async (pixels) => {
    const out = new Float32Array(pixels.length);
    for (let at = 0; at < pixels.length; at += some) {
      const x = np.array(Float32Array.from(pixels.subarray(at, at + some))).reshape([-1, ...shape]);
      out.set(await applyNetwork({ inShape: shape, layers }, x).data(), at);
    }
    return out;
  };
}

/** @param to the sizes of an example of the network */
export function examplesFor(set: DataSet, to: readonly number[], normalize?: Normalization): Examples {
  const numbers = examplesOf(set);
  const { name, count, shape } = set;
  const size = sizeOf(shape);
  const plain = (places: ArrayLike<number>): Float32Array =>
    Float32Array.from(takeRows(numbers, size, places));
  if ("rows" in set) {
    const [low, high] = set.rows.reduce(([a, b], each) => [Math.min(a, each), Math.max(b, each)], [0, 0]);
    return { name, count, shape, range: [low, high], plain, toInput: async (rows) => rows };
  }
  const toInput = preprocessing(set.shape, to, normalize);
  return { name, count, labels: set.labels, classes: set.classes, shape, range: [0, 255], plain, toInput };
}

/** The numbers of some examples, drawn without order: files are often sorted. */
export const drawn = (count: number, most: number, seed: number): Uint32Array =>
  permutation(makeRng(seed), count).subarray(0, most);
