import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import type { FlowLayer } from "../layer.js";
import { pick } from "../lists.js";
import * as o from "../options.js";
import { invertOrder, rearrangement } from "../rearrangement.js";
import { countOf, expectSizes, expectSizesOf, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

const orders = { /** A permutation. */ order: o.order };

/** Layers without parameters have this. */
export type NoParams = Record<string, never>;

/**
 * z = x with other axes, row-major order kept; L = 0.
 *
 * Exact. Errors: `ShapeError` where the two shapes hold different numbers of entries.
 *
 * @example
 * ```ts
 * import { reshape } from "@flowify/core/layers";
 *
 * const layer = reshape([4, 2], [2, 2, 2]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4, 2 ] [ 2, 2, 2 ] true
 * ```
 */
export function reshape(inShape: Shape, outShape: Shape): FlowLayer<NoParams> {
  for (const shape of [inShape, outShape]) expectSizesOf("reshape", shape);
  if (sizeOf(inShape) !== sizeOf(outShape))
    throw new ShapeError(
      `reshape: ${showShape(inShape)} has ${sizeOf(inShape)} entries, ${showShape(outShape)} has ${sizeOf(outShape)}`,
    );
  return rearrangement(
    "reshape",
    inShape,
    outShape,
    (x) => x.reshape([countOf(x), ...outShape]),
    (z) => z.reshape([countOf(z), ...inShape]),
  );
}

/**
 * z = all entries of x in one axis, row-major; L = 0. Exact.
 *
 * @example
 * ```ts
 * import { flatten } from "@flowify/core/layers";
 *
 * const layer = flatten([3, 8, 8]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 192 ] true
 * ```
 */
export function flatten(inShape: Shape): FlowLayer<NoParams> {
  expectSizesOf("flatten", inShape);
  return Object.freeze({ ...reshape(inShape, [sizeOf(inShape)]), name: "flatten" });
}

/**
 * z = the last axis of x in another order, z[…, i] = x[…, order[i]]; L = 0.
 *
 * Exact. Errors: `ShapeError` where `order` is not a permutation of the axis.
 *
 * @example
 * ```ts
 * import { permute } from "@flowify/core/layers";
 *
 * const layer = permute([3], [2, 0, 1]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3 ] [ 3 ] true
 * ```
 */
export function permute(inShape: Shape, order: readonly number[]): FlowLayer<NoParams> {
  o.checked("permute", inShape, { order }, orders);
  const n = inShape[inShape.length - 1];
  expectSizes("permute", { "size of the last axis": n ?? 0 });
  const inverse = invertOrder("permute", order, n ?? 0);
  const take = (indices: readonly number[]) => (x: np.Array) =>
    np.take(x, np.array([...indices], { dtype: np.int32 }), -1);
  return rearrangement("permute", inShape, inShape, take(order), take(inverse));
}

/**
 * z = x with its axes in another order, axis i of an example of z the axis `order[i]` of x; L = 0.
 *
 * Exact. Errors: `ShapeError` where `order` is not a permutation of the axes.
 *
 * @example
 * ```ts
 * import { transpose } from "@flowify/core/layers";
 *
 * const layer = transpose([3, 8, 4], [2, 0, 1]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 4 ] [ 4, 3, 8 ] true
 * ```
 */
export function transpose(inShape: Shape, order: readonly number[]): FlowLayer<NoParams> {
  o.checked("transpose", inShape, { order }, orders);
  const inverse = invertOrder("transpose", order, inShape.length);
  const outShape = pick(inShape, order);
  const turn = (axes: readonly number[]) => (x: np.Array) =>
    np.transpose(x, [0, ...axes.map((axis) => axis + 1)]);
  return rearrangement("transpose", inShape, outShape, turn(order), turn(inverse));
}

/**
 * [rows, columns, C] ↦ [C, rows, columns]: locations with their vectors as an image; L = 0. Exact.
 *
 * @example
 * ```ts
 * import { channelsFirst } from "@flowify/core/layers";
 *
 * const layer = channelsFirst([8, 8, 3]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 8, 8, 3 ] [ 3, 8, 8 ] true
 * ```
 */
export function channelsFirst(inShape: Shape): FlowLayer<NoParams> {
  const [rows = 0, columns = 0, channels = 0] = inShape;
  return rearrangement(
    "channelsFirst",
    inShape,
    [channels, rows, columns],
    (x) => np.transpose(x, [0, 3, 1, 2]),
    (z) => np.transpose(z, [0, 2, 3, 1]),
  );
}

/**
 * The features (first axis of an example) in reverse order; L = 0. Exact.
 *
 * @example
 * ```ts
 * import { reverse } from "@flowify/core/layers";
 *
 * const layer = reverse([4]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] true
 * ```
 */
export function reverse(inShape: Shape): FlowLayer<NoParams> {
  const flip = (x: np.Array): np.Array => np.flip(x, 1);
  return rearrangement("reverse", inShape, inShape, flip, flip);
}

export const flattenKind = defineKind({
  kind: "flatten",
  options: {},
  flow: flatten,
  outShape: (inShape) => [sizeOf(inShape)],
  apply: (x) => x.reshape([countOf(x), -1]),
});

export const reshapeKind = defineKind({
  kind: "reshape",
  options: { /** Shape of an example of the result. */ shape: o.shape },
  flow: (inShape, { shape }) => reshape(inShape, shape),
  outShape: (_inShape, { shape }) => shape,
  apply: (x, { shape }) => x.reshape([countOf(x), ...shape]),
});

export const permuteKind = defineKind({
  kind: "permute",
  options: { /** Entry i of the result is entry `order[i]` of the last axis. */ order: o.order },
  flow: (inShape, { order }) => permute(inShape, order),
  apply: (x, { order }) => np.take(x, np.array([...order], { dtype: np.int32 }), x.ndim - 1),
});

export const transposeKind = defineKind({
  kind: "transpose",
  options: { /** Axis i of the result is axis `order[i]` of an example. */ order: o.order },
  flow: (inShape, { order }) => transpose(inShape, order),
  outShape: (inShape, { order }) => pick(inShape, order),
  apply: (x, { order }) => np.transpose(x, [0, ...order.map((axis) => axis + 1)]),
});
