/** The kinds of layers on images, and couplings. */
import { chain } from "@flowify/core";
import type { Shape } from "@flowify/core/layer";
import { channelsFirst, coupling, fitAmount, kernel, linear, pad, tile } from "@flowify/core/layers";
import type { Windows } from "../../packages/core/src/math/windows.js";
import { CaseError, type LayerSpec, Tensor } from "./case.js";
import { linearBuilder } from "./linear-builder.js";
import { type Builder, type Built, type Names, size, type TensorTree, torchLayers, zeros } from "./names.js";

function pair(spec: LayerSpec, field: string): readonly [number, number] {
  const value = spec[field];
  if (!Array.isArray(value) || value.length !== 2 || !value.every((n) => typeof n === "number"))
    throw new CaseError(`${spec.type}: "${field}" is not a pair of numbers`);
  return value as unknown as readonly [number, number];
}

function imageSizes(spec: LayerSpec, inShape: Shape): [number, number, number] {
  if (inShape.length !== 3) throw new CaseError(`${spec.type}: x is not [B, C, H, W]`);
  return [...inShape] as [number, number, number];
}

/** The reference keeps log a in an array of one number. */
const scalar = ({ data }: Tensor): Tensor => new Tensor([], data);

const reshaped = (t: Tensor, shape: readonly number[]): Tensor =>
  new Tensor(
    shape.map((n) => (n < 0 ? t.data.length / shape.reduce((a, b) => (b < 0 ? a : a * b), 1) : n)),
    t.data,
  );

export const padBuilder: Builder = (spec, inShape, names) => {
  const [, height, width] = imageSizes(spec, inShape);
  const [kernelSize, stride] = [pair(spec, "kernel"), pair(spec, "stride")];
  const bottom = fitAmount(height, kernelSize[0], stride[0]);
  const right = fitAmount(width, kernelSize[1], stride[1]);
  return {
    type: "pad",
    layer: pad(inShape, { bottom, right }),
    params: { logA: scalar(names.take("logA")) },
    forwardNoise(noise) {
      const [rows, cols] = [noise.take("rows"), noise.take("cols")];
      return { ...(bottom > 0 && { rows }), ...(right > 0 && { cols }) };
    },
  };
};

function windowsOf(spec: LayerSpec, inShape: Shape): Windows {
  const [, height, width] = imageSizes(spec, inShape);
  const sides = [height, width] as const;
  const [kernelSize, stride] = [pair(spec, "kernel"), pair(spec, "stride")];
  const axis = (i: 0 | 1) => ({
    count: Math.floor((sides[i] - kernelSize[i]) / stride[i]) + 1,
    size: kernelSize[i],
    stride: stride[i],
    dilation: 1,
  });
  return [axis(0), axis(1)];
}

export const tileBuilder: Builder = (spec, inShape, names) => {
  const layer = tile(inShape, windowsOf(spec, inShape));
  const logA = scalar(names.take("logA")); // also where no pixels overlap
  return {
    type: "tile",
    layer,
    params: layer.exact ? {} : { logA },
    forwardNoise(noise) {
      const drawn = noise.take("tile");
      return layer.exact ? {} : { tile: drawn };
    },
  };
};

/** Pad ∘ Tile ∘ Kernel; the three share one set of noise names. */
export const conv2dBuilder: Builder = (spec, inShape, names) => {
  const padding = padBuilder(spec, inShape, names.below("Pad"));
  const tiling = tileBuilder(spec, padding.layer.outShape, names.below("Tile"));
  const kernelSpec = { ...spec, padded: padding.layer.outShape };
  const pieces = [padding, tiling, kernelBuilder(kernelSpec, tiling.layer.outShape, names.below("kernel"))];
  return {
    type: "conv2d",
    layer: chain(
      pieces.map((piece) => piece.layer),
      "conv2d",
    ),
    params: pieces.map((piece) => piece.params),
    forwardNoise: (noise) => pieces.map((piece) => piece.forwardNoise?.(noise) ?? {}),
    inverseNoise: (noise) => pieces.map((piece) => piece.inverseNoise?.(noise) ?? {}),
    pieces,
  };
};

function kernelBuilder(spec: LayerSpec & { padded: Shape }, inShape: Shape, names: Names): Built {
  const [rows, columns, n] = inShape as [number, number, number];
  const m = size(spec, "out");
  if (n <= m) return wideningKernel(inShape, m, names);
  const [channels, height, width] = spec.padded as [number, number, number];
  const below = names.below("patchingInverse");
  const network = ["MLP", "Conv", "MLP2"].flatMap((part) => torchLayers(below.below(part)));
  return {
    type: "kernel",
    layer: kernel(inShape, m, {
      channels,
      windows: windowsOf(spec, spec.padded),
      size: [height, width],
      orthogonal: "expm",
      limit: Number.POSITIVE_INFINITY,
    }),
    params: {
      rotateIn: below.take("U1.a_mat"),
      rotateOut: names.take("U2.a_mat"),
      logScale: names.flat("logW"),
      bias: names.flat("b"),
      network: network.map((layer) => pointwise(layer)),
      center: zeros(n - m),
      logUnit: zeros(n - m),
      residual: {},
    },
    inverseNoise: (noise) => ({ normal: reshaped(noise.take("dropped"), [-1, rows, columns, n - m]) }),
  };
}

/** Dense layers over channels are 1 × 1 convolutions here. */
function pointwise(layer: TensorTree): TensorTree {
  const { weight, bias } = layer as { weight: Tensor; bias: Tensor };
  return { weight: weight.shape.length === 2 ? reshaped(weight, [...weight.shape, 1, 1]) : weight, bias };
}

/** A kernel that drops nothing: a linear layer at every location. */
function wideningKernel(inShape: Shape, m: number, names: Names): Built {
  const [rows, columns, n] = inShape as [number, number, number];
  const dense = linearBuilder({ type: "linear", in: n, out: m }, inShape, names.below("Linear"));
  const layer = chain([
    linear(n, m, { leading: [rows, columns], orthogonal: "expm", augmentation: "uniform" }),
    channelsFirst([rows, columns, m]),
  ]);
  return {
    type: "kernel",
    layer: { ...layer, name: "kernel" },
    params: [dense.params, {}],
    forwardNoise(noise) {
      const drawn = dense.forwardNoise?.(noise) as { augmentation: Tensor } | undefined;
      return [drawn ? { augmentation: reshaped(drawn.augmentation, [-1, rows, columns, m - n]) } : {}, {}];
    },
    inverseNoise: () => [{}, {}],
  };
}

export const couplingBuilder: Builder = (spec, inShape, names) => {
  const stack = size(spec, "stack");
  const nets = Array.from({ length: stack }, (_, i) =>
    torchLayers(names.below(`inn._transforms.${2 * i}.transform_net.N`)),
  );
  const first = nets[0]?.[0] as { weight: Tensor } | undefined;
  if (!first) throw new CaseError(`${spec.type}: there is no conditioner`);
  return {
    type: spec.type,
    layer: coupling(inShape, stack, {
      bins: size(spec, "bins"),
      bound: size(spec, "tailBound"),
      hidden: size(spec, "hidden"),
      kept: first.weight.shape[1] as number,
      init: "random",
    }),
    params: nets.flatMap((net, i) => (i < stack - 1 ? [net, {}] : [net])),
  };
};
