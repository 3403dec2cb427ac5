import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { ShapeError } from "../errors.js";
import { nth } from "../lists.js";
import type { AxisWindows } from "../math/windows.js";
import * as o from "../options.js";
import type { Shape } from "../shape.js";
import { affine } from "./affine.js";
import { imageShape, imageWindows, patches } from "./image-windows.js";
import { defineKind } from "./kind.js";
import { linear } from "./linear.js";
import { pad, padded } from "./pad.js";

import { channelsFirst, reshape } from "./reshape.js";
import { tile } from "./tile.js";

const schemas = {
  kernel: o.pair,
  /** Default 1. */
  stride: o.optional(o.pair),
  /** Zeros around the image: one number for all sides, or an amount each. Default 0. */
  padding: o.optional(o.around(o.sides)),
  /** Whether the zeros count where a window is averaged. Default false. */
  countPadding: o.optional(o.flag),
};
export type AvgPool2dOptions = o.Options<typeof schemas> & {
  /** The density of the differences within a window given its mean. Default a Gaussian. */
  density?: ConditionalDensityFactory;
};

/**
 * Average pooling [C, H, W] ↦ [C, rows, columns] = Pad ∘ Tile ∘ the linear layer k → 1 of weights 1/k, the same for
 * all windows of all channels; without `countPadding` then times k over the number of pixels in the window.
 *
 * Exact or a bound as `conv2d`. In deterministic mode it is the ordinary average pooling.
 * Errors: `ShapeError` where a window does not fit, or would lie in the padding alone.
 *
 * @example
 * ```ts
 * import { avgPool2d } from "@flowify/core/layers";
 *
 * const layer = avgPool2d([3, 8, 8], { kernel: 2, stride: 2 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 3, 4, 4 ] true
 * ```
 */
export function avgPool2d(inShape: Shape, options: AvgPool2dOptions): ChainLayer {
  const { countPadding = false, density } = o.checked("avgPool2d", inShape, options, schemas, "density");
  const { channels, around, windows } = imageWindows("avgPool2d", inShape, options, 0);
  const surrounded = pad(inShape, around);
  const [rows, columns] = [windows[0].count, windows[1].count];
  const k = windows[0].size * windows[1].size;
  const means = linear(k, 1, {
    leading: [rows, columns, channels],
    weights: { weight: new Float64Array(k).fill(1 / k) },
    ...(density && { density }),
  });
  const parts = [
    ...(surrounded.exact ? [] : [surrounded]),
    tile(surrounded.outShape, windows),
    reshape([rows, columns, channels * k], [rows, columns, channels, k]),
    means,
    reshape(means.outShape, [rows, columns, channels]),
    channelsFirst([rows, columns, channels]),
  ];
  if (surrounded.exact || countPadding) return chain(parts, "avgPool2d");
  const byRow = insideOf(windows[0], around.top, nth(inShape, 1));
  const byColumn = insideOf(windows[1], around.left, nth(inShape, 2));
  const each = byRow.flatMap((r) => byColumn.map((c) => k / (r * c)));
  if (!each.every(Number.isFinite)) throw new ShapeError("avgPool2d: a window lies in the padding alone");
  const scale = Float32Array.from({ length: channels * each.length }, (_, i) => nth(each, i % each.length));
  return chain([...parts, affine([channels, rows, columns], { scale })], "avgPool2d");
}

/** How many entries of each window along an axis lie in the image, `length` entries from `before` on. */
const insideOf = ({ count, size, stride }: AxisWindows, before: number, length: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    const begin = i * stride - before;
    return Math.max(Math.min(begin + size, length) - Math.max(begin, 0), 0);
  });

export const avgPool2dKind = defineKind({
  kind: "avgPool2d",
  options: schemas,
  flow: (inShape, own, { density }) => avgPool2d(inShape, { ...own, density }),
  outShape(inShape, own) {
    const { channels, windows } = imageWindows("avgPool2d", inShape, own, 0);
    return imageShape(channels, windows);
  },
  apply(x, own) {
    const { pads, windows } = imageWindows("avgPool2d", x.shape.slice(1), own, 0);
    const counted = np.ones([1, 1, ...x.shape.slice(2)]);
    const sums = np.sum(patches(padded(x, pads), windows), 4);
    return sums.div(np.sum(patches(padded(counted, pads, own.countPadding ? 1 : 0), windows), 4));
  },
});
