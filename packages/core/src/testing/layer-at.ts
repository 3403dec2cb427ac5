import { numpy as np } from "@jax-js/jax";
import type { ChainLayer } from "../chain.js";
import type { ArrayTree, FlowLayer } from "../layer.js";
import type { ParallelLayer } from "../layers/parallel.js";
import { floats } from "../params/host.js";
import { countOf } from "../shape.js";

/**
 * A layer at one fixed condition: a layer without any. What laws look at, and what answers a single question.
 *
 * @param values the condition of every example, `layer.condition` numbers
 */
export function layerAt<P extends ArrayTree>(layer: FlowLayer<P>, values: Float32Array): FlowLayer<P> {
  // what is inside of a container takes the condition still
  const {
    condition: shape,
    layers: _,
    parts: __,
    embedding: ___,
    ...rest
  } = layer as FlowLayer<P> & Partial<ChainLayer & ParallelLayer>;
  if (shape === undefined) return layer;
  const at = (like: np.Array): np.Array => {
    const batch = countOf(like);
    const one = floats(values, [1, ...shape]).astype(like.dtype);
    return np.broadcastTo(one, [batch, ...shape]);
  };
  return Object.freeze({
    ...rest,
    forward: (params: P, x: np.Array, noise: never) => layer.forward(params, x, noise, at(x)),
    inverse: (params: P, z: np.Array, noise: never) => layer.inverse(params, z, noise, at(z)),
  }) as FlowLayer<P>;
}
