import type { numpy as np } from "@jax-js/jax";
import { standardNormal } from "../base.js";
import { isChain } from "../chain.js";
import type { ArrayTree, FlowLayer } from "../layer.js";
import type { NoiseTree } from "../noise.js";

/** mean log p(x) of one layer under a standard normal base: a scalar that every parameter enters. */
export const meanLogLikelihood =
  (layer: FlowLayer) =>
  (params: ArrayTree, x: np.Array, noise: NoiseTree): np.Array => {
    const { z, contribution } = layer.forward(params, x, noise);
    return standardNormal(layer.outShape).logProb(z).add(contribution).mean();
  };

/**
 * Something of a layer (parameters, noise) as the flow of this layer alone has it: the flow opens
 * chains that have no name of their own.
 */
export const inFlow = (layer: FlowLayer, own: unknown): unknown =>
  isChain(layer) && layer.name === "chain" ? own : [own];
