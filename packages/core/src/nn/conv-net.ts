import { lax, nn, numpy as np } from "@jax-js/jax";
import { nth } from "../lists.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { type DenseParams, initWeights } from "./mlp.js";

/** One step of a plain convolutional network on [B, C, H, W]; kernels are [out, in, kh, kw], or for `up` [in, out, kh, kw]. */
export type ConvStep = Readonly<{
  kind: "conv" | "up";
  in: number;
  out: number;
  kernel: readonly [number, number];
  /** conv: zeros on each side; up: stride of the transposed convolution. */
  padding?: number;
  stride?: readonly [number, number];
  dilation?: readonly [number, number];
  relu: boolean;
}>;

/** A plain convolutional network: it is never inverted, it conditions densities and couplings. */
export type ConvNet = Readonly<{
  init(key: np.Array, options?: { lastZero?: boolean }): DenseParams[];
  /** [B, in, H, W] ↦ [B, out, H′, W′]; consumes both. */
  apply(params: DenseParams[], x: np.Array): np.Array;
  parameterKinds: readonly ParameterKinds[];
}>;

export function convNet(steps: readonly ConvStep[]): ConvNet {
  const layers = steps.map(({ kind, in: from, out, kernel }) => ({
    weight: kind === "conv" ? [out, from, ...kernel] : [from, out, ...kernel],
    bias: out,
  }));
  return {
    init: (key, { lastZero } = {}) => initWeights(key, layers, lastZero),
    apply(params, x) {
      let h = x;
      params.forEach(({ weight, bias }, i) => {
        const step = nth(steps, i);
        const y = step.kind === "conv" ? conv(h, weight, step) : transposedConv(h, weight, step);
        h = y.add(bias.reshape([1, step.out, 1, 1]));
        if (step.relu) h = nn.relu(h);
      });
      return h;
    },
    parameterKinds: steps.map(() => ({ weight: "kernel" })),
  };
}

function conv(x: np.Array, weight: np.Array, { padding = 0 }: ConvStep): np.Array {
  const both: [number, number] = [padding, padding];
  return lax.convGeneralDilated(x, weight, [1, 1], [both, both]);
}

/** The transpose of a convolution: zeros between the entries of x, the kernel flipped, full padding. */
function transposedConv(x: np.Array, weight: np.Array, step: ConvStep): np.Array {
  const { kernel, stride = [1, 1], dilation = [1, 1] } = step;
  const flipped = np.flip(np.transpose(weight, [1, 0, 2, 3]), [2, 3]); // [out, in, kh, kw]
  const reach = kernel.map((k, i) => (k - 1) * nth(dilation, i)) as [number, number];
  return lax.convWithGeneralPadding(
    x,
    flipped,
    [1, 1],
    reach.map((r) => [r, r] as [number, number]),
    [...stride],
    [...dilation],
  );
}

/**
 * Convolutions that keep the size of an image, from each number of channels to the next, with ReLU between.
 *
 * @param kernels the side of each kernel, odd; default 3 × 3 everywhere
 */
export const keepingSize = (channels: readonly number[], kernels: readonly number[] = []): ConvStep[] =>
  channels.slice(1).map((out, i) => {
    const { [i]: side = 3 } = kernels;
    return {
      kind: "conv",
      in: nth(channels, i),
      out,
      kernel: [side, side],
      padding: (side - 1) / 2,
      relu: i < channels.length - 2,
    };
  });

/** `count` 1 × 1 steps from `from` over `width` to `to`, ReLU between them, not after the last. */
export function pointwise(from: number, width: number, to: number, count: number): ConvStep[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: "conv" as const,
    in: i === 0 ? from : width,
    out: i === count - 1 ? to : width,
    kernel: [1, 1] as const,
    relu: i < count - 1,
  }));
}
