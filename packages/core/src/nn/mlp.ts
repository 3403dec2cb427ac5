import { nn, numpy as np, random } from "@jax-js/jax";
import { nth } from "../lists.js";
import { initial, splitKey } from "../math/keys.js";
import type { ParameterKinds } from "../params/parameter-paths.js";
import { sizeOf } from "../shape.js";

/** Weights of a layer and the number of its biases. */
type LayerSizes = Readonly<{ weight: readonly number[]; bias: number }>;

/** PyTorch's initialization, uniform within ±1/√fan-in, the numbers of a weight after its first axis; optionally zeros in the last layer. */
export function initWeights(key: np.Array, layers: readonly LayerSizes[], lastZero = false): DenseParams[] {
  const keys = splitKey(key, 2 * layers.length);
  return layers.map(({ weight, bias }, i) => {
    const [weightKey, biasKey] = [nth(keys, 2 * i), nth(keys, 2 * i + 1)];
    if (lastZero && i === layers.length - 1) {
      weightKey.dispose();
      biasKey.dispose();
      return { weight: np.zeros([...weight]), bias: np.zeros([bias]) };
    }
    const limit = 1 / Math.sqrt(sizeOf(weight.slice(1)));
    const range = { minval: -limit, maxval: limit };
    const uniform = (key: np.Array, shape: number[]): np.Array => random.uniform(key, shape, range);
    return { weight: initial(weightKey, weight, uniform), bias: initial(biasKey, [bias], uniform) };
  });
}

/** One dense layer y = x Wᵀ + b: weight [out, in] (the layout of PyTorch), bias [out]. */
export type DenseParams = { weight: np.Array; bias: np.Array };

/**
 * A plain dense network with ReLU between its layers, not after the last; rows in, rows out. It is
 * never inverted: it conditions densities and couplings.
 */
export type Mlp = Readonly<{
  sizes: readonly number[];
  init(key: np.Array, options?: { lastZero?: boolean }): DenseParams[];
  /** x […, sizes[0]] ↦ […, sizes[last]]; consumes both. */
  apply(params: DenseParams[], x: np.Array): np.Array;
  /** All are Euclidean. */
  parameterKinds: ParameterKinds;
}>;

/** @param options `residual`: a hidden layer that keeps the width adds to its input, h + ReLU(h Wᵀ + b). */
export function mlp(
  sizes: readonly number[],
  { residual = false }: Readonly<{ residual?: boolean }> = {},
): Mlp {
  const layers = sizes.slice(1).map((out, i) => ({ weight: [out, nth(sizes, i)], bias: out }));
  return {
    sizes,
    init: (key, { lastZero } = {}) => initWeights(key, layers, lastZero),
    apply(params, x) {
      let h = x;
      params.forEach(({ weight, bias }, i) => {
        const skip = residual && i > 0 && i < params.length - 1 ? h.ref : undefined;
        h = np.matmul(h, np.transpose(weight)).add(bias); // [N, in] -> [N, out]
        if (i < params.length - 1) h = nn.relu(h);
        if (skip) h = h.add(skip);
      });
      return h;
    },
    parameterKinds: {},
  };
}
