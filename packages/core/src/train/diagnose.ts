import { numpy as np } from "@jax-js/jax";
import type { Flow, FlowParams } from "../flow.js";
import type { ArrayTree, FlowLayer } from "../layer.js";
import { sumItems } from "../math/numerics.js";
import type { NoiseTree } from "../noise.js";

/**
 * One number for every layer and one for the base, [K + 1], that is finite exactly where all that
 * the layer gives is: a sum of absolute values scaled so that it does not overflow by itself.
 */
export function makeHealth(flow: Flow) {
  return (params: FlowParams, x: np.Array, noise: NoiseTree): np.Array => {
    let z = x;
    const tiny = (a: np.Array): np.Array => np.sum(sumItems(np.absolute(a).mul(1e-20)));
    const readings = flow.chain.layers.map((layer: FlowLayer, i) => {
      const step = layer.forward(params[i] as ArrayTree, z, (noise as NoiseTree[])[i] as NoiseTree);
      z = step.z;
      return tiny(z.ref).add(tiny(step.contribution));
    });
    return np.stack([...readings, tiny(flow.base.logProb(z))], 0);
  };
}
