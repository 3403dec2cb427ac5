import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import type { ResidualDistribution } from "../densities/residual.js";
import { ShapeError } from "../errors.js";
import type { FlowLayer } from "../layer.js";
import { type Pair, pair, type Windows, windowsAlong } from "../math/windows.js";
import { expectSizes, type Shape, showShape } from "../shape.js";
import { type KernelOptions, kernel } from "./kernel.js";
import { linear } from "./linear.js";
import type { DenseWeights } from "./linear-weights.js";
import type { OrthogonalKind } from "./orthogonal.js";
import { allSides, fitAmount, type PadAmounts, pad } from "./pad.js";
import { parallel } from "./parallel.js";
import { channelsFirst } from "./reshape.js";
import { tile } from "./tile.js";
import { whiten } from "./whiten.js";

export type Conv2dOptions = {
  /** Side of the kernel, or its height and width. */
  kernel: Pair;
  /** Default 1. */
  stride?: Pair;
  /** Distance between the kernel's entries. Default 1. */
  dilation?: Pair;
  /**
   * `fit` (default, the paper's): rows below and columns to the right until the kernel fits; or
   * amounts on each side, one number for all four. Rows that the kernel then does not reach are dropped.
   */
  padding?: "fit" | number | PadAmounts;
  /** Blocks of channels, each with outputs and parameters of its own. Default 1. */
  groups?: number;
  /** Given weights, kept: weight [out, C / groups, kh, kw] row-major, bias [out]. No whitening then. */
  weights?: DenseWeights;
  /** How a reducing kernel models what it drops: from the neighbourhood (default, the paper's) or from its own location. */
  inverse?: "patching" | "local";
  /** Fixed whitening of the patches from the data-dependent start, in front of the kernel. Default true without given weights. */
  whiten?: boolean;
  orthogonal?: OrthogonalKind;
  augmentation?: "gaussian" | "uniform";
  /** `patching`: the distribution of the residuals. `local`: the density. */
  residual?: ResidualDistribution;
  density?: ConditionalDensityFactory;
  /** Soft bound of log-stds around their start, nats. */
  limit?: number;
  logA?: number;
};

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
  const { padding = "fit", groups = 1, logA } = options;
  if (inShape.length !== 3) throw new ShapeError(`conv2d: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels, height, width] = inShape as [number, number, number];
  const [kh, kw] = pair(options.kernel);
  const [sh, sw] = pair(options.stride ?? 1);
  const [dh, dw] = pair(options.dilation ?? 1);
  expectSizes("conv2d", {
    "number of output channels": out,
    "kernel height": kh,
    "kernel width": kw,
    "stride of rows": sh,
    "stride of columns": sw,
    "dilation of rows": dh,
    "dilation of columns": dw,
    "number of groups": groups,
  });
  for (const [side, count] of [
    ["input", channels],
    ["output", out],
  ] as const)
    if (count % groups !== 0)
      throw new ShapeError(`conv2d: ${count} ${side} channels do not divide into ${groups} groups`);
  const reach = [(kh - 1) * dh + 1, (kw - 1) * dw + 1] as const;
  const amounts: PadAmounts =
    padding === "fit"
      ? { bottom: fitAmount(height, reach[0], sh), right: fitAmount(width, reach[1], sw) }
      : allSides(padding);
  const padded = pad(inShape, amounts, logA === undefined ? {} : { logA });
  const [, tall, wide] = padded.outShape as [number, number, number];
  if (tall < reach[0] || wide < reach[1])
    throw new ShapeError(
      `conv2d: a kernel that reaches ${reach[0]} × ${reach[1]} is larger than the padded image ${tall} × ${wide}`,
    );
  const windows: Windows = [windowsAlong(tall, kh, sh, dh), windowsAlong(wide, kw, sw, dw)];
  const tiled = tile(padded.outShape, windows, logA === undefined ? {} : { logA });
  const [rows, columns, n] = tiled.outShape as [number, number, number];
  const block = {
    inShape: [rows, columns, n / groups] as const,
    out: out / groups,
    image: { channels: channels / groups, windows, size: [tall, wide] as const },
  };
  const given =
    options.weights && weightBlocks(options.weights, { groups, rows: out / groups, n: n / groups });
  // patches are ordered by channel first: the channels of a group lie together
  const blocks = Array.from({ length: groups }, (_, g) => atLocations(block, options, given?.[g]));
  const [only = []] = blocks;
  return chain(
    [
      ...(padded.exact ? [] : [padded]),
      tiled,
      ...(groups === 1
        ? only
        : [
            parallel(
              blocks.map((parts) => chain(parts)),
              { inAxis: 2, outAxis: 0 },
            ),
          ]),
    ],
    "conv2d",
  );
}

type Block = {
  inShape: readonly [rows: number, columns: number, n: number];
  out: number;
  image: Pick<KernelOptions, "channels" | "windows" | "size">;
};

/** From patches [rows, columns, n] to an image [out, rows, columns]: the same layer at every location. */
function atLocations(
  { inShape, out, image }: Block,
  options: Conv2dOptions,
  weights?: DenseWeights,
): FlowLayer[] {
  const { inverse = "patching", whiten: whitened = true } = options;
  const { orthogonal, augmentation, density, residual: distribution, limit } = options;
  const [rows, columns, n] = inShape;
  const first = whitened && !weights ? [whiten(inShape)] : [];
  if (n > out && inverse === "patching")
    return [
      ...first,
      kernel(inShape, out, {
        ...image,
        ...(orthogonal && { orthogonal }),
        ...(distribution && { residual: distribution }),
        ...(limit !== undefined && { limit }),
        ...(weights && { weights }),
      }),
    ];
  return [
    ...first,
    linear(n, out, {
      leading: [rows, columns],
      ...(orthogonal && { orthogonal }),
      ...(augmentation && { augmentation }),
      ...(density && { density }),
      ...(weights && { weights }),
    }),
    channelsFirst([rows, columns, out]),
  ];
}

/** The weights of each group of channels. */
function weightBlocks(
  { weight, bias }: DenseWeights,
  { groups, rows, n }: { groups: number; rows: number; n: number },
): DenseWeights[] {
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
