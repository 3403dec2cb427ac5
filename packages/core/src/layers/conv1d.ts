import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import { type Shape, showShape } from "../shape.js";
import { type Conv2dOptions, conv2d } from "./conv2d.js";
import { reshape } from "./reshape.js";

export type Conv1dOptions = Omit<Conv2dOptions, "kernel" | "stride" | "dilation" | "padding"> & {
  /** Length of the kernel. */
  kernel: number;
  /** Default 1. */
  stride?: number;
  /** Distance between the kernel's entries. Default 1. */
  dilation?: number;
  /** `fit` (default): columns to the right until the kernel fits; or amounts, one number for both ends. */
  padding?: "fit" | number | { left?: number; right?: number };
};

/**
 * A convolution of sequences, [C, W] ↦ [m, columns]: `conv2d` on images of one row.
 *
 * Exact or a bound, and errors, as `conv2d`. Source: Flowification, section 3.3.
 *
 * @example
 * ```ts
 * import { conv1d } from "@flowify/core/layers";
 *
 * const layer = conv1d([2, 9], 4, { kernel: 3, stride: 3 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 2, 9 ] [ 4, 3 ] true
 * ```
 */
export function conv1d(inShape: Shape, out: number, options: Conv1dOptions): ChainLayer {
  if (inShape.length !== 2) throw new ShapeError(`conv1d: needs sequences [C, W], got ${showShape(inShape)}`);
  const [channels, width] = inShape as [number, number];
  const { kernel, stride = 1, dilation = 1, padding = "fit", ...rest } = options;
  const image = [channels, 1, width];
  const conv = conv2d(image, out, {
    ...rest,
    kernel: [1, kernel],
    stride: [1, stride],
    dilation: [1, dilation],
    padding: typeof padding === "number" ? { left: padding, right: padding } : padding,
  });
  const [, , columns] = conv.outShape as [number, number, number];
  return chain([reshape(inShape, image), conv, reshape(conv.outShape, [out, columns])], "conv1d");
}
