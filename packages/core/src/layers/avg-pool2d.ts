import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { ShapeError } from "../errors.js";
import { type Pair, pair, type Windows, windowsAlong } from "../math/windows.js";
import { expectSizes, type Shape, showShape } from "../shape.js";
import { affine } from "./affine.js";
import { linear } from "./linear.js";
import { allSides, type PadAmounts, pad } from "./pad.js";
import { channelsFirst, reshape } from "./reshape.js";
import { tile } from "./tile.js";

export type AvgPool2dOptions = {
  kernel: Pair;
  /** Default 1. */
  stride?: Pair;
  /** Zeros around the image: one number for all sides, or an amount each. Default 0. */
  padding?: number | PadAmounts;
  /** Whether the zeros count where a window is averaged. Default false. */
  countPadding?: boolean;
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
  const { padding = 0, countPadding = false, density } = options;
  if (inShape.length !== 3)
    throw new ShapeError(`avgPool2d: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels, height, width] = inShape as [number, number, number];
  const around = allSides(padding);
  const [kernel, stride] = [pair(options.kernel), pair(options.stride ?? 1)];
  for (const [i, axis] of (["rows", "columns"] as const).entries())
    expectSizes("avgPool2d", {
      [`kernel along ${axis}`]: kernel[i] as number,
      [`stride of ${axis}`]: stride[i] as number,
    });
  const padded = pad(inShape, around);
  const [, tall, wide] = padded.outShape as [number, number, number];
  const windows: Windows = [
    windowsAlong(tall, kernel[0], stride[0], 1),
    windowsAlong(wide, kernel[1], stride[1], 1),
  ];
  if (windows.some(({ count }) => count < 1))
    throw new ShapeError(
      `avgPool2d: a window of ${kernel[0]} × ${kernel[1]} is larger than the padded image ${tall} × ${wide}`,
    );
  const [rows, columns] = [windows[0].count, windows[1].count];
  const k = kernel[0] * kernel[1];
  const means = linear(k, 1, {
    leading: [rows, columns, channels],
    weights: { weight: new Float64Array(k).fill(1 / k) },
    ...(density && { density }),
  });
  const parts = [
    ...(padded.exact ? [] : [padded]),
    tile(padded.outShape, windows),
    reshape([rows, columns, channels * k], [rows, columns, channels, k]),
    means,
    reshape(means.outShape, [rows, columns, channels]),
    channelsFirst([rows, columns, channels]),
  ];
  if (padded.exact || countPadding) return chain(parts, "avgPool2d");
  const byRow = insideOf(windows[0].count, kernel[0], stride[0], [around.top, height]);
  const byColumn = insideOf(windows[1].count, kernel[1], stride[1], [around.left, width]);
  const each = byRow.flatMap((r) => byColumn.map((c) => k / (r * c)));
  if (!each.every(Number.isFinite)) throw new ShapeError("avgPool2d: a window lies in the padding alone");
  const scale = Float32Array.from(
    { length: channels * each.length },
    (_, i) => each[i % each.length] as number,
  );
  return chain([...parts, affine([channels, rows, columns], { scale })], "avgPool2d");
}

/** How many entries of each window along an axis lie in the image, `length` entries from `before` on. */
const insideOf = (
  count: number,
  size: number,
  stride: number,
  [before, length]: readonly [number, number],
): number[] =>
  Array.from({ length: count }, (_, i) => {
    const begin = i * stride - before;
    return Math.max(Math.min(begin + size, length) - Math.max(begin, 0), 0);
  });
