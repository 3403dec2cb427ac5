/** The catalog's layers that given networks need. */

import { chain } from "../src/chain.js";
import { actnorm } from "../src/layers/actnorm.js";
import { affine } from "../src/layers/affine.js";
import { avgPool2d } from "../src/layers/avg-pool2d.js";
import { branches } from "../src/layers/branches.js";
import { type Conv2dOptions, conv2d } from "../src/layers/conv2d.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { linear } from "../src/layers/linear.js";
import { type MaxPool2dOptions, maxPool2d } from "../src/layers/max-pool2d.js";
import { monotone } from "../src/layers/monotone.js";
import { type NormalizeOptions, normalize } from "../src/layers/normalize.js";
import { prelu } from "../src/layers/prelu.js";
import { clip, relu } from "../src/layers/relu.js";
import { reshape } from "../src/layers/reshape.js";
import { type SelfGatedOptions, selfGated } from "../src/layers/self-gated.js";
import { makeRng } from "../src/math/rng.js";
import type { DenseWeights } from "../src/options.js";
import type { Shape } from "../src/shape.js";
import { functionLayers } from "./catalog-functions.js";
import type { ConvCase } from "./catalog-images.js";
import { narrow, narrowMixture } from "./support/densities.js";
import { type CatalogEntry, entry } from "./support/entry.js";

const affines: readonly CatalogEntry[] = [
  entry(
    "affine of an entry each",
    "affine",
    affine([3], { scale: Float32Array.of(2, -0.5, 1), shift: Float32Array.of(1, 0, -3) }),
  ),
  entry(
    "affine of channels, one shift",
    "affine",
    affine([2, 2, 3], { scale: Float32Array.of(-3, 0.1), shift: Float32Array.of(0.5) }),
  ),
  entry(
    "affine of the entries of an image, far scales",
    "affine",
    affine([1, 2, 2], { scale: Float32Array.of(1e-2, -10, 1, 1 / 255) }),
    { batch: 1, condition: 10 },
  ),
  entry("affine that changes nothing", "affine", affine([4])),
];

const cuts: readonly CatalogEntry[] = [
  entry("relu", "relu", relu([5])),
  entry("relu of channels, large", "relu", relu([2, 2, 2]), { scale: 100 }),
  entry("relu of one channel", "relu", relu([1, 2, 3]), { batch: 1 }),
  entry("clip from above", "clip", clip([4], { max: 0.1 })),
  entry("clip at both ends, channels", "clip", clip([3, 2, 2], { min: -0.5, max: 0.5 }), { batch: 4 }),
  entry("clip at both ends, narrow", "clip", clip([6], { min: -1e-3, max: 1e-3 })),
];

/** Weights as a convolution has them, the last row of a rank-deficient one a multiple of the first. */
function kernelOf(out: number, n: number, deficient = false): DenseWeights {
  const rng = makeRng(out, n);
  const weight = Float32Array.from({ length: out * n }, () => rng.normal() / Math.sqrt(n));
  if (deficient)
    weight.set(
      weight.subarray(0, n).map((v) => -2 * v),
      (out - 1) * n,
    );
  return { weight, bias: Float32Array.from({ length: out }, () => rng.normal()) };
}

const convolution = (
  what: string,
  inShape: ConvCase["inShape"],
  weights: DenseWeights,
  options: Omit<Conv2dOptions, "weights">,
  rest: Partial<CatalogEntry> = {},
): ConvCase => {
  const [kh, kw] = typeof options.kernel === "number" ? [options.kernel, options.kernel] : options.kernel;
  const out = weights.weight.length / ((inShape[0] / (options.groups ?? 1)) * kh * kw);
  const layer = conv2d(inShape, out, { density: narrow, ...options, weights });
  const name = `conv2d of given weights, ${what}`;
  return {
    entry: entry(name, "conv2d", layer, { given: true, condition: 10, ...rest }),
    inShape,
    out,
    options: { ...options, weights },
  };
};

export const pretrainedConvolutions: readonly ConvCase[] = [
  convolution("2×2 stride 2", [1, 4, 4], kernelOf(2, 4), { kernel: 2, stride: 2 }, { seed: 3 }),
  convolution("2×2 stride 2, local", [2, 4, 2], kernelOf(3, 8), { kernel: 2, stride: 2, inverse: "local" }),
  convolution("3×3, padding 1", [2, 3, 3], kernelOf(3, 18), { kernel: 3, padding: 1, inverse: "local" }),
  convolution("1×1, as many, no bias", [3, 2, 2], { weight: kernelOf(3, 3).weight }, { kernel: 1 }),
  convolution("2×2, widening", [1, 3, 3], kernelOf(6, 4), { kernel: 2, padding: 0 }, { batch: 1 }),
  convolution("2×1 dilation 2, groups", [2, 4, 2], kernelOf(4, 2), {
    kernel: [2, 1],
    dilation: 2,
    groups: 2,
    padding: { bottom: 1 },
  }),
  convolution("1×1, of rank 1", [2, 2, 2], kernelOf(2, 2, true), { kernel: 1 }, { condition: 1e6 }),
  convolution(
    "2×1, all zero",
    [1, 2, 2],
    { weight: new Float32Array(2), bias: Float32Array.of(0.5) },
    { kernel: [2, 1], inverse: "local" },
    { condition: 1e6 },
  ),
];

const monotones: readonly CatalogEntry[] = [
  entry("sigmoid", "monotone", monotone([5], "sigmoid"), { condition: 10 }),
  entry("sigmoid of an image, large", "monotone", monotone([1, 2, 2], "sigmoid"), {
    scale: 3,
    condition: 100,
  }),
  entry("tanh", "monotone", monotone([5], "tanh"), { condition: 10 }),
  entry("softplus", "monotone", monotone([5], "softplus"), { scale: 3, condition: 10 }),
  entry("softsign", "monotone", monotone([5], "softsign"), { condition: 10 }),
  entry("exp", "monotone", monotone([5], "exp"), { condition: 10 }),
  entry("elu", "monotone", monotone([5], "elu"), { condition: 10 }),
  entry("elu of an image, α = 0.3", "monotone", monotone([2, 2, 2], "elu", { alpha: 0.3 }), {
    batch: 1,
    condition: 10,
  }),
  entry("celu, α = 2", "monotone", monotone([5], "celu", { alpha: 2 }), { scale: 3, condition: 10 }),
  entry("selu", "monotone", monotone([5], "selu"), { condition: 10 }),
  entry("asinh", "monotone", monotone([5], "asinh"), { scale: 3, condition: 10 }),
];

type Gate = SelfGatedOptions["function"];

const gated = (name: Gate, inShape: Shape, what: string, rest: Partial<CatalogEntry>): CatalogEntry =>
  entry(`selfGated ${name}${what}`, "selfGated", selfGated(inShape, { function: name }), {
    network: { inShape, layers: [{ kind: "selfGated", function: name }] },
    condition: 10,
    ...rest,
  });

const folded: readonly CatalogEntry[] = [
  gated("silu", [5], "", { scale: 2 }),
  gated("silu", [2, 1, 3], " of an image, far", { scale: 20 }),
  gated("gelu", [5], "", { scale: 2 }),
  gated("geluTanh", [5], "", { scale: 2 }),
  gated("mish", [5], "", { scale: 2, batch: 1 }),
  gated("hardSwish", [6], "", { scale: 3 }),
  gated("hardSwish", [2, 2, 2], " of an image", { scale: 4 }),
];

const norm = (what: string, inShape: Shape, own: NormalizeOptions, rest: Partial<CatalogEntry> = {}) =>
  entry(`normalize ${own.by}${what}`, "normalize", normalize(inShape, { ...own, density: narrow }), {
    network: { inShape, layers: [{ kind: "normalize", ...own }] },
    condition: 10,
    ...rest,
  });

const norms: readonly CatalogEntry[] = [
  norm("", [5], { by: "layerNorm" }),
  norm(" of rows, ε as large as the variance", [3, 4], { by: "layerNorm", epsilon: 0.5 }),
  norm(" of 2", [2, 2], { by: "layerNorm" }, { batch: 1 }),
  norm("", [3, 4], { by: "rmsNorm" }, { scale: 100 }),
  norm("", [5], { by: "softmax" }),
  norm(" of rows", [2, 3], { by: "softmax" }, { scale: 3 }),
];

const maxPool = (what: string, inShape: Shape, options: MaxPool2dOptions, rest: Partial<CatalogEntry> = {}) =>
  entry(`maxPool2d ${what}`, "maxPool2d", maxPool2d(inShape, options), rest);

export const pools: readonly CatalogEntry[] = [
  maxPool("2×2 stride 2", [2, 4, 4], { kernel: 2, stride: 2 }),
  maxPool("2×2 stride 2, padding 1", [1, 3, 3], { kernel: 2, stride: 2, padding: 1 }, { batch: 1 }),
  maxPool("1×3 stride 1×3, one window, far", [3, 1, 3], { kernel: [1, 3], stride: [1, 3] }, { scale: 100 }),
  maxPool("2×2 stride 1: overlap", [2, 3, 3], { kernel: 2 }),
  maxPool("3×3 stride 2, padding 1: overlap", [1, 4, 4], { kernel: 3, stride: 2, padding: 1 }),
  maxPool("1×2 stride 3: gaps, a side padded", [1, 2, 5], {
    kernel: [1, 2],
    stride: [1, 3],
    padding: { right: 1 },
  }),
  maxPool("2×1 dilation 2", [1, 4, 2], { kernel: [2, 1], stride: 2, dilation: [2, 1] }),
  entry(
    "avgPool2d 2×2 stride 2",
    "avgPool2d",
    avgPool2d([2, 4, 4], { kernel: 2, stride: 2, density: narrow }),
    {
      given: true,
    },
  ),
  entry(
    "avgPool2d of the whole image",
    "avgPool2d",
    avgPool2d([3, 2, 3], { kernel: [2, 3], density: narrow }),
    {
      given: true,
    },
  ),
  entry(
    "avgPool2d 2×2 stride 1, padding 1",
    "avgPool2d",
    avgPool2d([1, 3, 3], { kernel: 2, padding: 1, density: narrow }),
    {
      given: true,
      batch: 1,
      condition: 10,
    },
  ),
  entry(
    "avgPool2d 3×1 stride 3×1, zeros counted, mixture",
    "avgPool2d",
    avgPool2d([1, 4, 2], {
      kernel: [3, 1],
      stride: [3, 1],
      padding: { top: 1, bottom: 1 },
      countPadding: true,
      density: narrowMixture,
    }),
    { given: true },
  ),
];

const forks: readonly CatalogEntry[] = [
  entry(
    "branches: a residual connection",
    "branches",
    branches([reshape([3], [3]), chain([linear(3, 4), leakyRelu([4]), linear(4, 3, { density: narrow })])], {
      join: "add",
      density: narrow,
    }),
  ),
  entry("branches of one number", "branches", branches([leakyRelu([1]), linear(1, 1)], { join: "add" }), {
    batch: 1,
  }),
  entry(
    "branches: a gate",
    "branches",
    branches([leakyRelu([3]), chain([linear(3, 3), monotone([3], "sigmoid")])], {
      join: "multiply",
      density: narrow,
    }),
    { condition: 10 },
  ),
  entry(
    "branches: three of an image, concatenated",
    "branches",
    branches([actnorm([2, 2, 2]), reshape([2, 2, 2], [2, 2, 2]), leakyRelu([2, 2, 2])], {
      join: "concat",
      axis: 1,
    }),
  ),
  entry(
    "branches: three of an image added, mixture",
    "branches",
    branches([actnorm([2, 1, 2]), prelu([2, 1, 2]), reshape([2, 1, 2], [2, 1, 2])], {
      join: "add",
      density: narrowMixture,
    }),
  ),
];

export const networkLayers: readonly CatalogEntry[] = [
  ...affines,
  ...cuts,
  ...monotones,
  ...folded,
  ...norms,
  ...pools,
  ...forks,
  ...functionLayers,
  ...pretrainedConvolutions.map((one) => one.entry),
];
