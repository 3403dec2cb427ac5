import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import {
  defineLayer,
  expectShape,
  expectSizes,
  type FlowLayer,
  type Shape,
  showShape,
  sizeOf,
} from "../layer.js";

/** Layers without parameters have this. */
export type NoParams = Record<string, never>;

const zeroContribution = (x: np.Array, batch: number): np.Array => np.zeros([batch], { dtype: x.dtype });

/** A layer that only moves entries: z is x in another order or shape, L = 0, exact. */
function rearrangement(
  name: string,
  inShape: Shape,
  outShape: Shape,
  there: (x: np.Array) => np.Array,
  back: (z: np.Array) => np.Array,
): FlowLayer<NoParams> {
  return defineLayer<NoParams>({
    name,
    inShape,
    outShape,
    exact: true,
    forwardNoise: {},
    inverseNoise: {},
    manifolds: {},
    init: (key) => {
      key.dispose();
      return {};
    },
    forward(_params, x) {
      expectShape(name, "x", x, inShape);
      const contribution = zeroContribution(x, x.shape[0] as number);
      return { z: there(x), contribution };
    },
    inverse(_params, z) {
      expectShape(name, "z", z, outShape);
      return back(z);
    },
  });
}

/**
 * z = x with other axes, row-major order kept; L = 0.
 *
 * Exact. Errors: `ShapeError` where the two shapes hold different numbers of entries.
 */
export function reshape(inShape: Shape, outShape: Shape): FlowLayer<NoParams> {
  if (sizeOf(inShape) !== sizeOf(outShape))
    throw new ShapeError(
      `reshape: ${showShape(inShape)} has ${sizeOf(inShape)} entries, ${showShape(outShape)} has ${sizeOf(outShape)}`,
    );
  return rearrangement(
    "reshape",
    inShape,
    outShape,
    (x) => x.reshape([x.shape[0] as number, ...outShape]),
    (z) => z.reshape([z.shape[0] as number, ...inShape]),
  );
}

/** z = all entries of x in one axis, row-major; L = 0. Exact. */
export function flatten(inShape: Shape): FlowLayer<NoParams> {
  return Object.freeze({ ...reshape(inShape, [sizeOf(inShape)]), name: "flatten" });
}

/**
 * z = the last axis of x in another order, z[…, i] = x[…, order[i]]; L = 0.
 *
 * Exact. Errors: `ShapeError` where `order` is not a permutation of the axis.
 */
export function permute(inShape: Shape, order: readonly number[]): FlowLayer<NoParams> {
  const n = inShape[inShape.length - 1];
  expectSizes("permute", { "size of the last axis": n ?? 0 });
  const inverse = new Array<number>(order.length).fill(-1);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  if (order.length !== n || inverse.length !== n || inverse.includes(-1))
    throw new ShapeError(`permute: [${order.join(", ")}] is not a permutation of 0..${Number(n) - 1}`);
  const take = (indices: readonly number[]) => (x: np.Array) =>
    np.take(x, np.array([...indices], { dtype: np.int32 }), -1);
  return rearrangement("permute", inShape, inShape, take(order), take(inverse));
}

/** [rows, columns, C] ↦ [C, rows, columns]: locations with their vectors as an image; L = 0. Exact. */
export function channelsFirst(inShape: Shape): FlowLayer<NoParams> {
  const [rows, columns, channels] = inShape as [number, number, number];
  return rearrangement(
    "channelsFirst",
    inShape,
    [channels, rows, columns],
    (x) => np.transpose(x, [0, 3, 1, 2]),
    (z) => np.transpose(z, [0, 2, 3, 1]),
  );
}

/** The features (first axis of an item) in reverse order; L = 0. Exact. */
export function reverse(inShape: Shape): FlowLayer<NoParams> {
  const flip = (x: np.Array): np.Array => np.flip(x, 1);
  return rearrangement("reverse", inShape, inShape, flip, flip);
}
