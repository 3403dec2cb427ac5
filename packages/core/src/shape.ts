import type { numpy as np } from "@jax-js/jax";
import { ShapeError } from "./errors.js";
import { showValue } from "./near-name.js";

/** Sizes of the axes, without the batch axis. */
export type Shape = readonly number[];

/** `[B, 3, 4]` for messages. */
export const showShape = (shape: Shape, batched = true): string =>
  `[${[...(batched ? ["B"] : []), ...shape].join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** Number of entries of one example. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** The size of the first axis: the examples of a batch, the rows of a matrix. */
export const countOf = ({ shape: [count = 0] }: Readonly<{ shape: Shape }>): number => count;

/** Throws a `ShapeError` that names the layer and both sides, before anything is consumed. */
export function expectShape(layer: string, what: string, array: np.Array, shape: Shape): void {
  if (array.ndim !== shape.length + 1 || !sameShape(array.shape.slice(1), shape))
    throw new ShapeError(
      `${layer}: expected ${what} ${showShape(shape)}, got ${showShape(array.shape, false)}`,
    );
}

/** Throws a `ShapeError` unless every size is a positive integer. */
export function expectSizes(layer: string, sizes: { readonly [name: string]: number }): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isInteger(size) || size < 1)
      throw new ShapeError(`${layer}: ${name} must be a positive integer, got ${size}`);
}

/** Throws a `ShapeError` unless this is a list of integers of at least 0. */
export function expectSizesOf(layer: string, shape: Shape): void {
  const isList = Array.isArray(shape);
  if (isList && shape.every((size) => Number.isInteger(size) && size >= 0)) return;
  const found = isList ? showShape(shape, false) : showValue(shape);
  throw new ShapeError(
    `${layer}: expected the sizes of an example, such as [2] or [1, 28, 28], got ${found}`,
  );
}
