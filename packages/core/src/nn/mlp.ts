import { nn, numpy as np, random } from "@jax-js/jax";
import { nth } from "../lists.js";
import { splitKey } from "../math/keys.js";

/** One dense layer y = x Wᵀ + b: weight [out, in] (the layout of PyTorch), bias [out]. */
export type DenseParams = { weight: np.Array; bias: np.Array };
export type MlpParams = DenseParams[];

/**
 * A plain dense network with ReLU between its layers, not after the last; rows in, rows out. It is
 * never inverted: it conditions densities and couplings.
 */
export type Mlp = Readonly<{
  sizes: readonly number[];
  /** PyTorch's initialization: weights and biases uniform within ±1/√in; optionally zeros in the last layer. */
  init(key: np.Array, options?: { lastZero?: boolean }): MlpParams;
  /** x […, sizes[0]] ↦ […, sizes[last]]; consumes both. */
  apply(params: MlpParams, x: np.Array): np.Array;
}>;

/** @param options `residual`: a hidden layer that keeps the width adds to its input, h + ReLU(h Wᵀ + b). */
export function mlp(
  sizes: readonly number[],
  { residual = false }: Readonly<{ residual?: boolean }> = {},
): Mlp {
  const pairs = sizes.slice(1).map((out, i) => [nth(sizes, i), out] as const);
  return {
    sizes,
    init(key, { lastZero = false } = {}) {
      const keys = splitKey(key, 2 * pairs.length);
      return pairs.map(([fanIn, out], i) => {
        const [weightKey, biasKey] = [nth(keys, 2 * i), nth(keys, 2 * i + 1)];
        if (lastZero && i === pairs.length - 1) {
          weightKey.dispose();
          biasKey.dispose();
          return { weight: np.zeros([out, fanIn]), bias: np.zeros([out]) };
        }
        const limit = 1 / Math.sqrt(fanIn);
        return {
          weight: random.uniform(weightKey, [out, fanIn], { minval: -limit, maxval: limit }),
          bias: random.uniform(biasKey, [out], { minval: -limit, maxval: limit }),
        };
      });
    },
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
  };
}
