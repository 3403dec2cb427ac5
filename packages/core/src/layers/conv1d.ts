import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import * as o from "../options.js";
import { type Shape, showShape } from "../shape.js";
import { type Conv2dOptions, conv2d, conv2dKind, modelOptions } from "./conv2d.js";
import { imageWindows } from "./image-windows.js";
import { defineKind } from "./kind.js";
import { reshape } from "./reshape.js";

const schemas = {
  /** Number of output channels. */
  out: o.size,
  /** Length of the kernel. */
  kernel: o.size,
  /** Default 1. */
  stride: o.optional(o.size),
  /** Distance between the kernel's entries. Default 1. */
  dilation: o.optional(o.size),
  /** `fit` (default): columns to the right until the kernel fits; or amounts, one number for both ends. */
  padding: o.optional(o.fitOrAround({ left: o.sides.left, right: o.sides.right })),
  /** Blocks of channels, each with outputs and parameters of its own. Default 1. */
  groups: o.optional(o.size),
  /** Given weights, kept: weight [out, C / groups, kernel] row-major, bias [out]. */
  weights: o.optional(o.weights),
};
type Sizes = Omit<o.Options<typeof schemas>, "out">;
export type Conv1dOptions = Sizes & Omit<Conv2dOptions, keyof Sizes>;

/** The same along the columns of an image of one row. */
function asRow<S extends Sizes>({ kernel, stride = 1, dilation = 1, padding = "fit", ...rest }: S) {
  return {
    ...rest,
    kernel: [1, kernel],
    stride: [1, stride],
    dilation: [1, dilation],
    padding: typeof padding === "number" ? { left: padding, right: padding } : padding,
  } as const;
}

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
  o.checked("conv1d", inShape, { out, ...options }, schemas, ...modelOptions);
  if (inShape.length !== 2) throw new ShapeError(`conv1d: needs sequences [C, W], got ${showShape(inShape)}`);
  const [channels = 0, width = 0] = inShape;
  const image = [channels, 1, width];
  const conv = conv2d(image, out, asRow(options));
  const [, , columns = 0] = conv.outShape;
  return chain([reshape(inShape, image), conv, reshape(conv.outShape, [out, columns])], "conv1d");
}

export const conv1dKind = defineKind({
  kind: "conv1d",
  options: schemas,
  flow: (inShape, { out, ...own }, { build, plain, ...conversion }) =>
    conv1d(inShape, out, { ...own, ...conversion }),
  outShape([channels = 0, width = 0], own) {
    return [own.out, imageWindows("conv1d", [channels, 1, width], asRow(own), "fit").windows[1].count];
  },
  apply(x, own, context) {
    const [batch = 0, channels = 0, width = 0] = x.shape;
    const image = x.reshape([batch, channels, 1, width]);
    return conv2dKind.apply(image, asRow(own), context).reshape([batch, own.out, -1]);
  },
});
