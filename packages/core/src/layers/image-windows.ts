import type { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { type Pair, pair, unfold, type Windows, windowsAlong } from "../math/windows.js";
import { type Shape, showShape } from "../shape.js";
import { allSides, fitAmount, type PadAmounts } from "./pad.js";

/** Options of layers that look at an image through windows. */
type Sizes = Readonly<{
  kernel: Pair;
  stride?: Pair;
  dilation?: Pair;
  padding?: "fit" | number | PadAmounts;
}>;

/** An image [C, H, W] with its padding, and the windows over both. */
type ImageWindows = Readonly<{
  channels: number;
  around: Required<PadAmounts>;
  /** The same as what is before and after the rows and the columns. */
  pads: [[number, number], [number, number]];
  padded: readonly [height: number, width: number];
  windows: Windows;
}>;

/**
 * @param otherwise the padding where none is given
 * @throws ShapeError for an input that is no image, for sizes that are not positive, and where a window does not fit
 */
export function imageWindows(
  layer: string,
  inShape: Shape,
  { kernel, stride = 1, dilation = 1, padding }: Sizes,
  otherwise: "fit" | 0,
): ImageWindows {
  if (inShape.length !== 3)
    throw new ShapeError(`${layer}: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels = 0, height = 0, width = 0] = inShape;
  const [[kh, kw], [sh, sw], [dh, dw]] = [pair(kernel), pair(stride), pair(dilation)];
  const [tall, wide] = [(kh - 1) * dh + 1, (kw - 1) * dw + 1];
  const amounts = padding ?? otherwise;
  const around = allSides(
    amounts === "fit" ? { bottom: fitAmount(height, tall, sh), right: fitAmount(width, wide, sw) } : amounts,
  );
  const { top, bottom, left, right } = around;
  const padded = [height + top + bottom, width + left + right] as const;
  if (padded[0] < tall || padded[1] < wide)
    throw new ShapeError(
      `${layer}: a kernel that reaches ${tall} × ${wide} is larger than the padded image ${padded[0]} × ${padded[1]}`,
    );
  const windows: Windows = [windowsAlong(padded[0], kh, sh, dh), windowsAlong(padded[1], kw, sw, dw)];
  const pads: ImageWindows["pads"] = [
    [top, bottom],
    [left, right],
  ];
  return { channels, around, pads, padded, windows };
}

/** The shape of an image with a pixel for each window. */
export const imageShape = (channels: number, [rows, columns]: Windows): Shape => [
  channels,
  rows.count,
  columns.count,
];

/** [B, C, H, W] -> [B, C, rows, columns, kh·kw] */
export function patches(x: np.Array, windows: Windows): np.Array {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [rows, columns] = windows;
  return unfold(x.reshape([batch * channels, 1, height, width]), windows).reshape([
    batch,
    channels,
    rows.count,
    columns.count,
    rows.size * columns.size,
  ]);
}
