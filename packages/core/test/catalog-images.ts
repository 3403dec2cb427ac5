/** The catalog's layers of images, small: no side is above 6 where a smaller one shows the same. */
import { isChain } from "../src/chain.js";
import { mixtureResidual } from "../src/densities/residual.js";
import type { FlowLayer } from "../src/layer.js";
import { type Conv1dOptions, conv1d } from "../src/layers/conv1d.js";
import { type Conv2dOptions, conv2d } from "../src/layers/conv2d.js";
import { coupling } from "../src/layers/coupling.js";
import { type KernelOptions, kernel } from "../src/layers/kernel.js";
import { pad } from "../src/layers/pad.js";
import type { ParallelLayer } from "../src/layers/parallel.js";
import { channelsFirst, reverse } from "../src/layers/reshape.js";
import { tile } from "../src/layers/tile.js";
import { transformer } from "../src/layers/transformer.js";
import { randomOrthogonal } from "../src/math/linalg.js";
import type { Rng } from "../src/math/rng.js";
import type { AxisWindows, Windows } from "../src/math/windows.js";
import type { NoiseOf } from "../src/noise.js";
import type { HostArray } from "../src/params/host-array.js";
import type { Shape } from "../src/shape.js";
import { host, perturbedLike } from "../src/testing/prepare.js";
import { narrow, narrowMixture } from "./support/densities.js";
import { type CatalogEntry, entry, type Rest } from "./support/entry.js";

const pads: readonly CatalogEntry[] = [
  entry("pad below and right", "pad", pad([2, 3, 3], { bottom: 1, right: 2 })),
  entry("pad on all sides", "pad", pad([1, 2, 3], { top: 1, bottom: 1, left: 1, right: 1 }), { batch: 1 }),
  entry("pad above and left", "pad", pad([2, 2, 3], { top: 2, left: 1 }, { logA: 1 })),
  entry("pad with nothing", "pad", pad([1, 3, 2], {}), { zeroGradient: { logA: "nothing is added" } }),
];

const axis = (count: number, size: number, stride: number, dilation = 1): AxisWindows => ({
  count,
  size,
  stride,
  dilation,
});

const tiled = (what: string, inShape: Shape, windows: Windows, rest: Rest & { logA?: number } = {}) => {
  const { logA, ...others } = rest;
  const layer = tile(inShape, windows, logA === undefined ? {} : { logA });
  return { entry: entry(`tile ${what}`, "tile", layer, others), windows };
};

export const tiles = [
  tiled("without overlap", [2, 4, 4], [axis(2, 2, 2), axis(2, 2, 2)]),
  tiled("of 1 × 1", [2, 2, 3], [axis(2, 1, 1), axis(3, 1, 1)], { batch: 1 }),
  tiled("of the whole image", [1, 3, 2], [axis(1, 3, 1), axis(1, 2, 2)]),
  tiled("that overlaps", [2, 3, 3], [axis(2, 2, 1), axis(2, 2, 1)]),
  tiled("that overlaps, not square", [1, 3, 5], [axis(2, 2, 1), axis(2, 3, 2)], { batch: 1, logA: 0.5 }),
  tiled("with gaps, stride 3, size 2", [1, 5, 5], [axis(2, 2, 3), axis(2, 2, 3)]),
  tiled("with an uncovered border", [2, 3, 2], [axis(1, 2, 2), axis(1, 2, 2)]),
  tiled("of dilation 2", [1, 5, 4], [axis(3, 2, 1, 2), axis(2, 2, 1, 2)]),
  tiled("of dilation 2 with gaps and overlap", [1, 9, 2], [axis(2, 3, 4, 2), axis(1, 2, 2)]),
] as const;

const kern = (what: string, m: number, options: KernelOptions, rest: Rest = {}) => {
  const [rows, columns] = options.windows;
  const inShape = [rows.count, columns.count, options.channels * rows.size * columns.size];
  const of = ["kernel", ...(options.residual ? ["mixtureResidual"] : [])];
  return {
    entry: entry(`kernel ${inShape.join("×")} → ${m}${what}`, of, kernel(inShape, m, options), rest),
    m,
    options,
  };
};

const twos: Windows = [axis(2, 2, 2), axis(2, 2, 2)];

export const kernels = [
  kern("", 2, { channels: 1, windows: twos, size: [4, 4] }),
  kern(", two channels, not square", 3, {
    channels: 2,
    windows: [axis(2, 1, 1), axis(1, 2, 2)],
    size: [2, 2],
  }),
  kern(", overlap, to one", 1, { channels: 1, windows: [axis(2, 2, 1), axis(2, 2, 1)], size: [3, 3] }),
  kern(
    ", dilation, without bound",
    2,
    {
      channels: 1,
      windows: [axis(2, 2, 1, 2), axis(1, 2, 1, 2)],
      size: [4, 3],
      limit: Number.POSITIVE_INFINITY,
    },
    { batch: 1, spread: 0.1 },
  ),
  kern(", a rest uncovered, expm", 2, {
    channels: 1,
    windows: [axis(1, 2, 2), axis(2, 2, 2)],
    size: [3, 5],
    orthogonal: "expm",
  }),
];

export const mixtureKernels = [
  kern(", mixtureResidual of two", 2, {
    channels: 1,
    windows: [axis(1, 2, 2), axis(2, 2, 2)],
    size: [2, 4],
    residual: mixtureResidual(2),
  }),
  kern(
    ", overlap, mixtureResidual of three",
    1,
    { channels: 1, windows: [axis(2, 2, 1), axis(1, 2, 2)], size: [3, 2], residual: mixtureResidual(3) },
    { seed: 3 },
  ),
];

/** A convolution of the catalog with what an independent implementation needs to know. */
export type ConvCase = Readonly<{
  entry: CatalogEntry;
  inShape: readonly [channels: number, height: number, width: number];
  out: number;
  options: Conv2dOptions;
}>;

/** Layers that a layer is made of. */
export const partsOf = (layer: FlowLayer): readonly FlowLayer[] | undefined =>
  isChain(layer) ? layer.layers : (layer as Partial<ParallelLayer>).parts;

/** Parameters moved off their start as others are, but a whitening with a rotation that is one. */
const withWhitening =
  (layer: FlowLayer) =>
  async (rng: Rng): Promise<NoiseOf<HostArray>> => {
    const parts = partsOf(layer);
    if (parts) return Promise.all(parts.map((part) => withWhitening(part)(rng)));
    if (layer.name !== "whiten") return perturbedLike(layer, rng, {});
    const n = layer.inShape[layer.inShape.length - 1] as number;
    const numbers = (): number[] => Array.from({ length: n }, () => 0.5 * rng.normal());
    return {
      mean: host(numbers(), [n]),
      rotation: host(Array.from(randomOrthogonal(rng, n).data), [n, n]),
      logStd: host(numbers(), [n]),
    };
  };

/** `seed`: a narrow network of ReLUs can be dead at its start; these are alive. */
const convolution = (
  what: string,
  inShape: ConvCase["inShape"],
  out: number,
  options: Conv2dOptions,
  rest: Rest = {},
): ConvCase => {
  const whitened = options.whiten ?? false;
  const layer = conv2d(inShape, out, { density: narrow, ...options, whiten: whitened });
  const name = `conv2d ${inShape.join("×")} → ${out}, ${what}`;
  const of = [
    "conv2d",
    ...(options.groups ? ["parallel"] : []),
    ...(options.residual ? ["mixtureResidual"] : []),
    ...(options.density ? ["mixture"] : []),
  ];
  const params = whitened ? { params: withWhitening(layer) } : {};
  return { entry: entry(name, of, layer, { ...params, ...rest }), inShape, out, options };
};

/** A convolution of sequences is one of images of one row. */
const sequences = (
  what: string,
  [channels, width]: readonly [number, number],
  out: number,
  options: Conv1dOptions,
): ConvCase => {
  const { kernel: k, stride = 1, dilation = 1, padding = "fit", whiten = false, ...others } = options;
  const layer = conv1d([channels, width], out, { density: narrow, ...options, whiten });
  const name = `conv1d ${channels}×${width} → ${out}, ${what}`;
  return {
    entry: entry(name, ["conv1d"], layer, whiten ? { params: withWhitening(layer) } : {}),
    inShape: [channels, 1, width],
    out,
    options: {
      ...others,
      kernel: [1, k],
      stride: [1, stride],
      dilation: [1, dilation],
      padding: typeof padding === "number" ? { left: padding, right: padding } : padding,
    },
  };
};

export const convolutions: readonly ConvCase[] = [
  convolution("2×2 stride 2", [1, 4, 4], 2, { kernel: 2, stride: 2 }),
  convolution("2×2 stride 2, whitened", [1, 4, 4], 2, { kernel: 2, stride: 2, whiten: true }, { batch: 1 }),
  convolution("2×2 stride 2, local", [2, 4, 2], 3, { kernel: 2, stride: 2, inverse: "local" }),
  convolution("2×2 stride 2, local, whitened", [1, 4, 4], 2, {
    kernel: 2,
    stride: 2,
    inverse: "local",
    whiten: true,
  }),
  convolution(
    "2×2 stride 2, tails",
    [1, 2, 4],
    1,
    { kernel: 2, stride: 2, residual: mixtureResidual(2) },
    { seed: 4 },
  ),
  convolution("2×2 stride 2, local, tails", [1, 2, 4], 1, {
    kernel: 2,
    stride: 2,
    inverse: "local",
    density: narrowMixture,
  }),
  convolution("2×2 stride 2, as many", [1, 4, 4], 4, { kernel: 2, stride: 2 }),
  convolution("2×2 stride 2, widening", [1, 4, 4], 6, { kernel: 2, stride: 2 }),
  convolution("2×2 stride 2, widening, whitened, uniform", [1, 2, 2], 6, {
    kernel: 2,
    stride: 2,
    whiten: true,
    augmentation: "uniform",
  }),
  convolution("3×3 stride 2, padded to fit", [1, 4, 4], 2, { kernel: 3, stride: 2 }, { seed: 2 }),
  convolution("3×3 stride 2, local", [1, 5, 5], 3, { kernel: 3, stride: 2, inverse: "local" }, { batch: 1 }),
  convolution("2×2 stride 1", [1, 3, 3], 2, { kernel: 2 }),
  convolution("3×3 stride 1, padding 1", [1, 3, 3], 2, { kernel: 3, padding: 1, inverse: "local" }),
  convolution("2×3, padding of its own", [1, 3, 3], 2, {
    kernel: [2, 3],
    stride: [1, 2],
    padding: { top: 1, left: 2 },
    inverse: "local",
  }),
  convolution("1×1 stride 2: gaps", [2, 3, 3], 1, { kernel: 1, stride: 2, inverse: "local" }),
  convolution("2×2 stride 3: gaps", [1, 5, 2], 2, { kernel: 2, stride: 3 }, { seed: 3 }),
  convolution("2×2 dilation 2", [1, 4, 4], 2, { kernel: 2, dilation: 2, inverse: "local" }),
  convolution(
    "2×1 stride 2×1, a rest dropped",
    [1, 3, 2],
    1,
    { kernel: [2, 1], stride: [2, 1], padding: 0 },
    { seed: 8 },
  ),
  convolution("1×1", [3, 2, 2], 2, { kernel: 1 }),
  convolution("1×1, as many", [2, 2, 3], 2, { kernel: 1, whiten: true }),
  convolution("1×1, one to one", [1, 2, 2], 1, { kernel: 1 }),
  convolution("2×2 stride 2, two groups", [2, 2, 4], 4, {
    kernel: 2,
    stride: 2,
    groups: 2,
    inverse: "local",
  }),
  convolution("1×2 stride 1×2, two groups, patching, whitened", [4, 1, 4], 2, {
    kernel: [1, 2],
    stride: [1, 2],
    groups: 2,
    whiten: true,
  }),
  convolution("1×1, depthwise", [3, 2, 2], 3, { kernel: 1, groups: 3 }),
  convolution("2×2, two groups, overlap, widening", [2, 3, 2], 10, { kernel: 2, groups: 2 }, { batch: 1 }),
  sequences("3 stride 2", [1, 6], 2, { kernel: 3, stride: 2, inverse: "local" }),
  sequences("2 stride 2, patching, whitened", [2, 4], 2, { kernel: 2, stride: 2, whiten: true }),
  sequences("3 dilation 2, padding 1, as many", [1, 5], 3, { kernel: 3, dilation: 2, padding: 1 }),
  sequences("2, two groups, padding of its own", [2, 3], 2, {
    kernel: 2,
    groups: 2,
    padding: { left: 1 },
    inverse: "local",
  }),
];

const couplings: readonly CatalogEntry[] = [
  entry("coupling of 4", "coupling", coupling([4], 1, { hidden: 8 })),
  entry("coupling of 5, two", "coupling", coupling([5], 2, { hidden: 8 }), { scale: 2 }),
  entry("coupling of 2, one kept, 3 bins", "coupling", coupling([2], 1, { hidden: 4, bins: 3, bound: 1 }), {
    batch: 1,
  }),
  entry("coupling of 5, four kept", "coupling", coupling([5], 1, { hidden: 8, kept: 4 })),
  entry("coupling with a residual conditioner", "coupling", coupling([5], 2, { hidden: 8, residual: true })),
  entry("additive coupling", "coupling", coupling([5], 2, { hidden: 8, additive: true, residual: true })),
  entry("additive coupling of channels", "coupling", coupling([2, 2, 3], 1, { hidden: 4, additive: true })),
  entry("coupling of channels", "coupling", coupling([2, 2, 3], 1, { hidden: 4 })),
  entry("coupling of 3 channels, two", "coupling", coupling([3, 2, 2], 2, { hidden: 4 }), { scale: 2 }),
  entry("affine coupling", "coupling", coupling([5], 2, { hidden: 8, affine: true }), { scale: 2 }),
  entry(
    "affine coupling of channels",
    "coupling",
    coupling([3, 3, 2], 2, { hidden: 4, bins: 3, affine: true, kernels: [3, 1] }),
  ),
  entry(
    "coupling with kernels of other sides",
    "coupling",
    coupling([2, 4, 3], 1, { hidden: 4, kernels: [1, 5, 1] }),
  ),
  entry("coupling from a random start", "coupling", coupling([4], 1, { hidden: 8, init: "random" }), {
    given: true,
  }),
];

const small = { hidden: 4, heads: 2, depth: 1 } as const;

const transformers: readonly CatalogEntry[] = [
  entry("transformer of an image", "transformer", transformer([1, 4, 4], 1, { ...small, patch: 2 })),
  entry("transformer of a vector, two layers", "transformer", transformer([3], 1, { ...small, depth: 2 })),
  entry("transformer of pairs, three", "transformer", transformer([4], 3, { ...small, patch: 2, heads: 1 }), {
    scale: 2,
    batch: 1,
  }),
];

const movements: readonly CatalogEntry[] = [
  entry("channelsFirst", "channelsFirst", channelsFirst([2, 3, 4])),
  entry("reverse", "reverse", reverse([5])),
  entry("reverse channels", "reverse", reverse([3, 2, 2])),
];

export const images: readonly CatalogEntry[] = [
  ...pads,
  ...[...tiles, ...kernels, ...mixtureKernels, ...convolutions].map((one) => one.entry),
  ...couplings,
  ...transformers,
  ...movements,
];
