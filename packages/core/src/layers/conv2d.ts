import { lax } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import type { FlowLayer } from "../layer.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { Shape } from "../shape.js";
import { imageShape, imageWindows } from "./image-windows.js";
import { type KernelOptions, kernel } from "./kernel.js";
import { type Conversion, choices, defineKind } from "./kind.js";
import { linear } from "./linear.js";
import { expectWeights } from "./linear-weights.js";
import { pad } from "./pad.js";
import { parallel } from "./parallel.js";
import { channelsFirst } from "./reshape.js";
import { tile } from "./tile.js";
import { whiten } from "./whiten.js";

const schemas = {
  /** Number of output channels. */
  out: o.size,
  /** Side of the kernel, or its height and width. */
  kernel: o.pair,
  /** Default 1. */
  stride: o.optional(o.pair),
  /** Distance between the kernel's entries. Default 1. */
  dilation: o.optional(o.pair),
  /**
   * `fit` (default, the paper's): rows below and columns to the right until the kernel fits; or
   * amounts on each side, one number for all four. Rows that the kernel then does not reach are dropped.
   */
  padding: o.optional(o.fitOrAround(o.sides)),
  /** Blocks of channels, each with outputs and parameters of its own. Default 1. */
  groups: o.optional(o.size),
  /** Given weights, kept: weight [out, C / groups, kh, kw] row-major, bias [out]. No whitening then. */
  weights: o.optional(o.weights),
};
/** How the parts of a convolution are modelled, beyond the choices of `flowify`. */
type ModelOptions = Partial<Conversion> & {
  /** Fixed whitening of the patches from the data-dependent start, in front of the kernel. Default true without given weights. */
  whiten?: boolean;
  /** Soft bound of log-stds around their start, nats. */
  limit?: number;
  /** Start value of the log-scale of noise in padding and copies. Default: from the data; without data or with given weights log 0.1. */
  logA?: number;
};
export const modelOptions = [...choices, "whiten", "limit", "logA"] as const;
export type Conv2dOptions = Omit<o.Options<typeof schemas>, "out"> & ModelOptions;

/**
 * A convolution [C, H, W] ↦ [m, rows, columns] = Pad ∘ Tile ∘ Kernel, as a chain of flow layers (with a
 * fixed whitening of the patches before the kernel). In deterministic mode it is the ordinary strided
 * convolution with zero padding (for k²C ≥ m).
 *
 * Errors: `ShapeError` where the kernel does not fit the padded image, for strides, dilations or
 * kernels that are not positive, for negative padding, and where groups do not divide the channels.
 * Source: Flowification, section 3.3.
 *
 * @example
 * ```ts
 * import { conv2d } from "@flowify/core/layers";
 *
 * const layer = conv2d([1, 28, 28], 8, { kernel: 4, stride: 4 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 1, 28, 28 ] [ 8, 7, 7 ] true
 * ```
 */
export function conv2d(inShape: Shape, out: number, options: Conv2dOptions): ChainLayer {
  o.checked("conv2d", inShape, { out, ...options }, schemas, ...modelOptions);
  const { groups = 1, weights, kernel: _, stride, dilation, padding, ...model } = options;
  const { channels, around, padded, windows } = imageWindows("conv2d", inShape, options, "fit");
  for (const [side, count] of [
    ["input", channels],
    ["output", out],
  ] as const)
    if (count % groups !== 0)
      throw new ShapeError(`conv2d: ${count} ${side} channels do not divide into ${groups} groups`);
  // given weights see their inputs almost undisturbed
  const noise = { ...model, scaleFromData: !weights && model.logA === undefined };
  const surrounded = pad(inShape, around, noise);
  const tiled = tile(surrounded.outShape, windows, noise);
  const [rows = 0, columns = 0, n = 0] = tiled.outShape;
  const block: Block = {
    inShape: [rows, columns, n / groups],
    out: out / groups,
    image: { channels: channels / groups, windows, size: padded },
  };
  const given = weights && weightBlocks(weights, { groups, rows: out / groups, n: n / groups });
  // patches are ordered by channel first: the channels of a group lie together
  const blocks = Array.from({ length: groups }, (_, g) => atLocations(block, model, given?.[g]));
  const side = blocks.map((parts) => chain(parts));
  return chain(
    [
      ...(surrounded.exact ? [] : [surrounded]),
      tiled,
      ...(groups === 1 ? (blocks[0] as FlowLayer[]) : [parallel(side, { inAxis: 2, outAxis: 0 })]),
    ],
    "conv2d",
  );
}

type Block = Readonly<{
  inShape: readonly [rows: number, columns: number, n: number];
  out: number;
  image: Pick<KernelOptions, "channels" | "windows" | "size">;
}>;

/** From patches [rows, columns, n] to an image [out, rows, columns]: the same layer at every location. */
function atLocations(
  { inShape, out, image }: Block,
  model: ModelOptions,
  weights?: o.DenseWeights,
): FlowLayer[] {
  const { inverse = "patching", whiten: whitened = true, residual, limit, logA, ...others } = model;
  const [rows, columns, n] = inShape;
  const first = whitened && !weights ? [whiten(inShape)] : [];
  const given = weights && { weights };
  if (n > out && inverse === "patching")
    return [...first, kernel(inShape, out, { ...model, ...given, ...image })];
  return [
    ...first,
    linear(n, out, { ...others, ...given, leading: [rows, columns] }),
    channelsFirst([rows, columns, out]),
  ];
}

/** The weights of each group of channels. */
function weightBlocks(
  { weight, bias }: o.DenseWeights,
  { groups, rows, n }: { groups: number; rows: number; n: number },
): o.DenseWeights[] {
  const out = groups * rows;
  if (weight.length !== out * n || (bias && bias.length !== out))
    throw new ShapeError(
      `conv2d: a weight of ${out} × ${n} has ${out * n} entries and its bias ${out}, got ${weight.length} and ${bias?.length ?? "none"}`,
    );
  return Array.from({ length: groups }, (_, g) => ({
    weight: weight.subarray(g * rows * n, (g + 1) * rows * n),
    ...(bias && { bias: bias.subarray(g * rows, (g + 1) * rows) }),
  }));
}

export const conv2dKind = defineKind({
  kind: "conv2d",
  options: schemas,
  flow: (inShape, { out, ...own }, { build, plain, ...conversion }) =>
    conv2d(inShape, out, { ...own, ...conversion }),
  outShape: (inShape, own) => imageShape(own.out, imageWindows("conv2d", inShape, own, "fit").windows),
  apply(x, { out, weights, groups = 1, ...own }) {
    const { channels, pads, windows } = imageWindows("conv2d", x.shape.slice(1), own, "fit");
    const { weight, bias } = expectWeights("conv2d", weights);
    const shape = [out, channels / groups, windows[0].size, windows[1].size];
    const strides = windows.map(({ stride }) => stride);
    const y = lax.convGeneralDilated(x, floats(Float32Array.from(weight), shape), strides, pads, {
      rhsDilation: windows.map(({ dilation }) => dilation),
      featureGroupCount: groups,
    });
    return bias ? y.add(floats(Float32Array.from(bias), [1, out, 1, 1])) : y;
  },
});
