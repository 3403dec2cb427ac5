import { numpy as np } from "@jax-js/jax";
import { columnMoments } from "../init/moments.js";
import { standardNormalLogDensity, sumExamples } from "../math/numerics.js";
import { floats } from "../params/host.js";
import type { ConditionalDensity } from "./conditional.js";
import {
  type InverseNetworkOptions,
  type LocationScaleParams,
  locationScale,
  locationScaleManifolds,
} from "./location-scale.js";
import { normalResidual, placed } from "./residual.js";

export type GaussianOptions = InverseNetworkOptions & {
  /** Initialize the network's last layer with zeros, so that q is unconditional at first. Default true. */
  lastZero?: boolean;
};

/**
 * q(value | context) = Π_j N(value_j; mean_j, std_j²), mean and log-std from a network of the context.
 *
 * The paper's model of dropped coordinates. Errors: `ShapeError` for hidden sizes that are no positive integers. Source:
 * Flowification, section 3.2.
 *
 * @example
 * ```ts
 * import { gaussian, linear } from "@flowify/core/layers";
 *
 * const layer = linear(8, 3, { density: (size, context) => gaussian(size, context, { hidden: [32, 32] }) });
 * console.log(layer.outShape, layer.exact);
 * // [ 3 ] true
 * ```
 */
export function gaussian(
  size: number,
  contextSize: number,
  { lastZero = true, ...network }: GaussianOptions = {},
): ConditionalDensity<LocationScaleParams> {
  const head = locationScale("gaussian", size, contextSize, network);
  return {
    name: "gaussian",
    size,
    contextSize,
    noise: { normal: { shape: [size], distribution: "normal" } },
    parameterKinds: locationScaleManifolds,
    init: (key) => head.init(key, lastZero),
    logProb(params, value, context) {
      const { location, logScale } = head.apply(params, context);
      const residual = value.sub(location).mul(np.exp(logScale.ref.neg()));
      return sumExamples(standardNormalLogDensity(residual).sub(logScale));
    },
    components(params, context) {
      const { location, logScale } = head.apply(params, context);
      return placed(normalResidual.components({}, size), location, logScale);
    },
    draw(params, context, { normal }: { normal: np.Array }) {
      const { location, logScale } = head.apply(params, context);
      return location.add(np.exp(logScale).mul(normal));
    },
    async start(key, value) {
      const { mean, logStd } = await columnMoments(value);
      const params = head.init(key, true);
      params.center.dispose();
      params.logUnit.dispose();
      return { network: params.network, center: floats(mean), logUnit: floats(logStd) };
    },
  };
}
