import { numpy as np } from "@jax-js/jax";
import { softBound } from "../math/numerics.js";
import { type Mlp, type MlpParams, mlp } from "../nn/mlp.js";
import { inverseNetworkSizes } from "./conditional.js";

/**
 * The common part of the conditional densities: a network of the context returns a location and a log-scale for every
 * coordinate,
 *
 *     location = center + exp(logUnit) · h₁,   log scale = logUnit + limit · tanh(h₂ / limit)
 *
 * `center` and `logUnit` are fixed numbers from the data-dependent initialization (0 without it), so that the network
 * works in the units of its coordinates. The soft bound prevents a very small log-scale from exploding the loss. limit
 * = ∞ leaves the log-scale free, as in the paper.
 */
export type LocationScaleParams = { network: MlpParams; center: np.Array; logUnit: np.Array };

export type LocationScale = Readonly<{
  network: Mlp;
  init(key: np.Array, lastZero: boolean): LocationScaleParams;
  /** [N, context] ↦ location and log-scale, [N, size] each. Consumes both. */
  apply(params: LocationScaleParams, context: np.Array): { location: np.Array; logScale: np.Array };
}>;

export const locationScaleManifolds = { center: "fixed", logUnit: "fixed" } as const;

export function locationScale(size: number, contextSize: number, limit: number): LocationScale {
  const network = mlp(inverseNetworkSizes(size, contextSize));
  return {
    network,
    init: (key, lastZero) => ({
      network: network.init(key, { lastZero }),
      center: np.zeros([size]),
      logUnit: np.zeros([size]),
    }),
    apply({ network: weights, center, logUnit }, context) {
      const h = network.apply(weights, context); // [N, context] -> [N, 2·size]
      const [h1, h2] = np.split(h, 2, 1) as [np.Array, np.Array];
      const location = h1.mul(np.exp(logUnit.ref)).add(center);
      const logScale = (limit === Infinity ? h2 : softBound(h2, limit)).add(logUnit);
      return { location, logScale };
    },
  };
}
