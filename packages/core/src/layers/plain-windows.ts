import type { numpy as np } from "@jax-js/jax";
import type { Shape } from "../layer.js";
import { type Pair, pair, unfold, type Windows, windowsAlong } from "../math/windows.js";
import { allSides, fitAmount, type PadAmounts } from "./pad.js";

/** Options of layers that look at an image through windows. */
type Sizes = Readonly<{
  kernel: Pair;
  stride?: Pair;
  dilation?: Pair;
  padding?: "fit" | number | PadAmounts;
}>;

/** Padding on both sides of rows and of columns, and the windows over what is padded. */
export function geometry(sizes: Sizes, [, height = 0, width = 0]: Shape, otherwise: "fit" | 0) {
  const [kernel, stride, dilation] = [pair(sizes.kernel), pair(sizes.stride ?? 1), pair(sizes.dilation ?? 1)];
  const { padding = otherwise } = sizes;
  const fit = (length: number, i: 0 | 1): number =>
    fitAmount(length, (kernel[i] - 1) * dilation[i] + 1, stride[i]);
  const { top, bottom, left, right } = allSides(
    padding === "fit" ? { bottom: fit(height, 0), right: fit(width, 1) } : padding,
  );
  const pads: [[number, number], [number, number]] = [
    [top, bottom],
    [left, right],
  ];
  const windows: Windows = [
    windowsAlong(height + top + bottom, kernel[0], stride[0], dilation[0]),
    windowsAlong(width + left + right, kernel[1], stride[1], dilation[1]),
  ];
  return { pads, windows, stride, dilation };
}

export const imageShape = (channels: number, [rows, columns]: Windows): Shape => [
  channels,
  rows.count,
  columns.count,
];

/** [B, C, H, W] -> [B, C, rows, columns, kh·kw] */
export function patches(x: np.Array, windows: Windows): np.Array {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = windows;
  return unfold(x.reshape([batch * channels, 1, height, width]), windows).reshape([
    batch,
    channels,
    rows.count,
    columns.count,
    rows.size * columns.size,
  ]);
}
