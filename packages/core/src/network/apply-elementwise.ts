import { nn, numpy as np } from "@jax-js/jax";
import { softplus } from "../math/numerics.js";
import { floats } from "../params/host.js";
import type { PlainLayer, PlainLayers } from "./plain-layer.js";

/** A layer that acts entry by entry. */
const entries = <L>(apply: (layer: L, x: np.Array) => np.Array): PlainLayer<L> => ({
  shape: (_, inShape) => inShape,
  apply,
});

/** Given numbers in the shape in which they meet x [B, C, …]: one for all, one a channel, one an entry. */
function against(x: np.Array, values: Float32Array): np.Array {
  const example = x.shape.slice(1);
  const shape =
    values.length === 1
      ? example.map(() => 1)
      : values.length === example[0]
        ? example.map((_, i) => (i === 0 ? values.length : 1))
        : example;
  return floats(values, [1, ...shape]);
}

const clip = (x: np.Array, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): np.Array => {
  const above = min === Number.NEGATIVE_INFINITY ? x : np.maximum(x, min);
  return max === Number.POSITIVE_INFINITY ? above : np.minimum(above, max);
};

/** x for x ≥ 0, else what `below` gives for min(x, 0). */
function belowZero(x: np.Array, below: (negative: np.Array) => np.Array): np.Array {
  const negative = below(np.minimum(x.ref, 0));
  return np.where(np.less(x.ref, 0), negative, x);
}

const elu = (x: np.Array, alpha: number): np.Array => belowZero(x, (v) => np.expm1(v).mul(alpha));

/** Source: Klambauer et al. 2017 (arXiv:1706.02515), equation 14. */
const SELU = { alpha: 1.6732632423543772, lambda: 1.0507009873554805 };

export const elementwise: PlainLayers<
  | "affine"
  | "relu"
  | "clip"
  | "leakyRelu"
  | "prelu"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "softsign"
  | "elu"
  | "celu"
  | "selu"
> = {
  affine: entries(({ scale, shift }, x) => {
    const scaled = scale ? x.mul(against(x, scale)) : x;
    return shift ? scaled.add(against(scaled, shift)) : scaled;
  }),
  relu: entries((_, x) => np.maximum(x, 0)),
  clip: entries(({ min, max }, x) => clip(x, min, max)),
  leakyRelu: entries(({ slope = 0.5 }, x) => belowZero(x, (v) => v.mul(slope))),
  prelu: entries(({ slope = 0.25 }, x) =>
    belowZero(x, (v) => v.mul(against(v, Float32Array.from(typeof slope === "number" ? [slope] : slope)))),
  ),
  sigmoid: entries((_, x) => nn.sigmoid(x)),
  tanh: entries((_, x) => np.tanh(x)),
  softplus: entries((_, x) => softplus(x)),
  softsign: entries((_, x) => x.ref.div(np.absolute(x).add(1))),
  elu: entries(({ alpha = 1 }, x) => elu(x, alpha)),
  celu: entries(({ alpha = 1 }, x) => belowZero(x, (v) => np.expm1(v.div(alpha)).mul(alpha))),
  selu: entries((_, x) => elu(x, SELU.alpha).mul(SELU.lambda)),
};
