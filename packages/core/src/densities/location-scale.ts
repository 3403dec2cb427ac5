import { numpy as np } from "@jax-js/jax";
import { leading } from "../lists.js";
import { softBound } from "../math/numerics.js";
import { type DenseParams, type Mlp, mlp } from "../nn/mlp.js";
import { expectSizes } from "../shape.js";
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
export type LocationScaleParams = { network: DenseParams[]; center: np.Array; logUnit: np.Array };

export type LocationScale = Readonly<{
  network: Mlp;
  init(key: np.Array, lastZero: boolean): LocationScaleParams;
  /** [N, context] ↦ location and log-scale, [N, size] each. Consumes both. */
  apply(params: LocationScaleParams, context: np.Array): { location: np.Array; logScale: np.Array };
}>;

export const locationScaleManifolds = { center: "fixed", logUnit: "fixed" } as const;

/** The network of a density. */
export type InverseNetworkOptions = {
  /** Soft bound of the log-scale around its initial value, in nats; Infinity for none (the paper's). Default 3. */
  limit?: number;
  /** Sizes of the hidden layers of its network. Default the paper's, of 64 or more. */
  hidden?: readonly number[];
};

export function locationScale(
  name: string,
  size: number,
  contextSize: number,
  { limit = 3, hidden }: InverseNetworkOptions,
): LocationScale {
  if (hidden) expectSizes(name, Object.fromEntries(hidden.map((n, i) => [`hidden[${i}]`, n])));
  const network = mlp(hidden ? [contextSize, ...hidden, 2 * size] : inverseNetworkSizes(size, contextSize));
  return {
    network,
    init: (key, lastZero) => ({
      network: network.init(key, { lastZero }),
      center: np.zeros([size]),
      logUnit: np.zeros([size]),
    }),
    apply({ network: weights, center, logUnit }, context) {
      const h = network.apply(weights, context); // [N, context] -> [N, 2·size]
      const [h1, h2] = leading(np.split(h, 2, 1), 2);
      const location = h1.mul(np.exp(logUnit.ref)).add(center);
      const logScale = (limit === Infinity ? h2 : softBound(h2, limit)).add(logUnit);
      return { location, logScale };
    },
  };
}
