import { lax, numpy as np } from "@jax-js/jax";
import { UnsupportedOpError } from "../errors.js";
import { type AxisWindows, unfold, type Windows } from "../math/windows.js";
import { floats } from "../params/host.js";
import type { Shape } from "../shape.js";
import type { PlainLayers } from "./plain-layer.js";

type Pair = number | readonly [number, number];
type Amounts = Readonly<{ top?: number; bottom?: number; left?: number; right?: number }>;
type Sizes = Readonly<{ kernel: Pair; stride?: Pair; dilation?: Pair; padding?: "fit" | number | Amounts }>;

const pair = (v: Pair): readonly [number, number] => (typeof v === "number" ? [v, v] : v);

/** Padding on both sides of rows and of columns, and the windows over what is padded. */
function geometry(sizes: Sizes, [, height, width]: Shape, otherwise: "fit" | 0) {
  const [kernel, stride, dilation] = [pair(sizes.kernel), pair(sizes.stride ?? 1), pair(sizes.dilation ?? 1)];
  const { padding = otherwise } = sizes;
  const sides = [
    ["top", "bottom", height],
    ["left", "right", width],
  ] as const;
  const pads = sides.map(([before, after, length], i): [number, number] => {
    const reach = (kernel[i]! - 1) * dilation[i]! + 1;
    if (padding === "fit") return [0, (stride[i]! - (((length ?? 0) - reach) % stride[i]!)) % stride[i]!];
    if (typeof padding === "number") return [padding, padding];
    return [padding[before] ?? 0, padding[after] ?? 0];
  }) as [[number, number], [number, number]];
  const windows = sides.map(([, , length], i): AxisWindows => {
    const total = (length ?? 0) + pads[i]![0] + pads[i]![1];
    const reach = (kernel[i]! - 1) * dilation[i]! + 1;
    const count = Math.floor((total - reach) / stride[i]!) + 1;
    return { count, size: kernel[i]!, stride: stride[i]!, dilation: dilation[i]! };
  }) as unknown as Windows;
  return { pads, windows, stride, dilation };
}

const imageShape = (channels: number, [rows, columns]: Windows): Shape => [
  channels,
  rows.count,
  columns.count,
];

/** x with `value` on the four sides; jax-js pads with zeros only. */
function padded(x: np.Array, pads: readonly [number, number][], value = 0): np.Array {
  if (pads.every(([a, b]) => a === 0 && b === 0)) return x;
  const widths: [number, number][] = [[0, 0], [0, 0], ...pads];
  const [, , height, width] = x.shape as [number, number, number, number];
  const wide = np.pad(x, widths);
  if (value === 0) return wide;
  const inside = np.pad(np.ones([1, 1, height, width]), widths);
  return np.where(np.greater(inside, 0), wide, value);
}

/** [B, C, H, W] -> [B, C, rows, columns, kh·kw] */
function patches(x: np.Array, windows: Windows): np.Array {
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

type Weights = Readonly<{ weight: Float32Array | Float64Array; bias?: Float32Array | Float64Array }>;

function given(kind: string, weights: Weights | undefined): Weights {
  if (weights) return weights;
  throw new UnsupportedOpError(kind, kind, `${kind}: has no weights, which a plain network needs`);
}

const single = (values: Float32Array | Float64Array): Float32Array => Float32Array.from(values);

/** y [B, m, …] + bias [m]. */
function withBias(y: np.Array, bias: Weights["bias"]): np.Array {
  return bias ? y.add(floats(single(bias), [1, bias.length, ...y.shape.slice(2).map(() => 1)])) : y;
}

export const windowed: PlainLayers<"linear" | "conv2d" | "conv1d" | "maxPool2d" | "avgPool2d" | "pad"> = {
  linear: {
    shape: ({ out }, inShape) => [...inShape.slice(0, -1), out],
    apply({ out, weights }, x) {
      const { weight, bias } = given("linear", weights);
      const matrix = floats(single(weight), [out, x.shape.at(-1) as number]);
      const y = np.matmul(x, np.transpose(matrix));
      return bias ? y.add(floats(single(bias))) : y;
    },
  },
  conv2d: {
    shape: ({ out, ...sizes }, inShape) => imageShape(out, geometry(sizes, inShape, "fit").windows),
    apply({ out, weights, groups = 1, ...sizes }, x) {
      const { pads, stride, dilation, windows } = geometry(sizes, x.shape.slice(1), "fit");
      const { weight, bias } = given("conv2d", weights);
      const shape = [out, (x.shape[1] as number) / groups, windows[0].size, windows[1].size];
      const y = lax.convGeneralDilated(x, floats(single(weight), shape), [...stride], pads, {
        rhsDilation: [...dilation],
        featureGroupCount: groups,
      });
      return withBias(y, bias);
    },
  },
  conv1d: {
    shape: ({ out, ...sizes }, inShape) => {
      const { windows } = geometry(asRow(sizes), [1, 1, inShape[1] as number], "fit");
      return [out, windows[1].count];
    },
    apply({ out, weights, ...sizes }, x) {
      const [batch, channels, length] = x.shape as [number, number, number];
      const y = windowed.conv2d.apply(
        { kind: "conv2d", out, ...(weights && { weights }), ...asRow(sizes) },
        x.reshape([batch, channels, 1, length]),
      );
      return y.reshape([batch, out, -1]);
    },
  },
  maxPool2d: {
    shape: (layer, inShape) => imageShape(inShape[0] as number, geometry(layer, inShape, 0).windows),
    apply(layer, x) {
      const { pads, windows } = geometry(layer, x.shape.slice(1), 0);
      return np.max(patches(padded(x, pads, Number.NEGATIVE_INFINITY), windows), 4);
    },
  },
  avgPool2d: {
    shape: (layer, inShape) => imageShape(inShape[0] as number, geometry(layer, inShape, 0).windows),
    apply(layer, x) {
      const { pads, windows } = geometry(layer, x.shape.slice(1), 0);
      const counted = np.ones([1, 1, ...x.shape.slice(2)]);
      const sums = np.sum(patches(padded(x, pads), windows), 4);
      return sums.div(np.sum(patches(padded(counted, pads, layer.countPadding ? 1 : 0), windows), 4));
    },
  },
  pad: {
    shape: ({ top = 0, bottom = 0, left = 0, right = 0 }, [channels, height, width]) => [
      channels as number,
      (height as number) + top + bottom,
      (width as number) + left + right,
    ],
    apply: ({ top = 0, bottom = 0, left = 0, right = 0 }, x) =>
      padded(x, [
        [top, bottom],
        [left, right],
      ]),
  },
};

type RowSizes = Readonly<{
  kernel: number;
  stride?: number;
  dilation?: number;
  groups?: number;
  padding?: "fit" | number | { left?: number; right?: number };
}>;

/** The sizes of a convolution along one axis, for an image of one row. */
function asRow({ kernel, stride = 1, dilation = 1, padding = "fit", groups = 1 }: RowSizes) {
  const sides = typeof padding === "number" ? { left: padding, right: padding } : padding;
  return {
    kernel: [1, kernel] as const,
    stride: [1, stride] as const,
    dilation: [1, dilation] as const,
    padding: sides,
    groups,
  };
}
