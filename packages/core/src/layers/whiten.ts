import { numpy as np } from "@jax-js/jax";
import { defineLayer, expectShape, expectSizes, type FlowLayer } from "../layer.js";
import { floats } from "../math/host.js";
import { perItem } from "../math/numerics.js";
import { principalDirections } from "../math/principal.js";
import { toDevice } from "./orthogonal.js";

/** Fixed numbers of a whitening of n coordinates: mean [n], principal directions [n, n], log-stds [n]. */
export type WhitenParams = { mean: np.Array; rotation: np.Array; logStd: np.Array };

/**
 * z = (x − μ) U ⊘ σ: the principal coordinates of the data in units of their standard deviation, least
 * variance first; L = −Σ log σ.
 *
 * Exact. μ, U and σ come from the data-dependent start and stay fixed (identity without it), as the
 * normalization of inputs does: the layers after it then see coordinates of equal size, where one
 * step size fits all directions.
 */
export function whiten(n: number): FlowLayer<WhitenParams> {
  expectSizes("whiten", { size: n });
  return defineLayer<WhitenParams>({
    name: "whiten",
    inShape: [n],
    outShape: [n],
    exact: true,
    forwardNoise: {},
    inverseNoise: {},
    manifolds: "fixed",
    init(key) {
      key.dispose();
      return { mean: np.zeros([n]), rotation: np.eye(n), logStd: np.zeros([n]) };
    },
    forward({ mean, rotation, logStd }, x) {
      expectShape("whiten", "x", x, [n]);
      const batch = x.shape[0] as number;
      const contribution = perItem(np.sum(logStd.ref).neg(), batch);
      return { z: np.matmul(x.sub(mean), rotation).mul(np.exp(logStd.neg())), contribution };
    },
    inverse({ mean, rotation, logStd }, z) {
      expectShape("whiten", "z", z, [n]);
      return np.matmul(z.mul(np.exp(logStd)), np.transpose(rotation)).add(mean);
    },
    async start(key, x) {
      key.dispose();
      const { mean, directions, std } = await principalDirections(x);
      return {
        mean: floats(Float32Array.from(mean)),
        rotation: toDevice(directions),
        logStd: floats(Float32Array.from(std, Math.log)),
      };
    },
  });
}
