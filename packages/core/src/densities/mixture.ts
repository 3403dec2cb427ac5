import { numpy as np } from "@jax-js/jax";
import { columnMoments } from "../init/moments.js";
import { sumExamples } from "../math/numerics.js";
import { floats } from "../params/host.js";
import type { ConditionalDensity } from "./conditional.js";
import {
  type InverseNetworkOptions,
  type LocationScaleParams,
  locationScale,
  locationScaleManifolds,
} from "./location-scale.js";
import { type MixtureResidualParams, mixtureResidual, placed } from "./residual.js";

/** The network's parameters, and the distribution of the residual of every coordinate. */
export type MixtureParams = { base: LocationScaleParams } & MixtureResidualParams;

export type MixtureOptions = InverseNetworkOptions & {
  /** K ≥ 2. Default 3. */
  components?: number;
};

/**
 * q(value | context) = Π_j Σ_k π_jk N(r_j; δ_jk, τ_jk²) / scale_j, r = (value − location) / scale,
 * location and log-scale from a network of the context, and for every coordinate a learned mixture (π, δ, τ) as the
 * distribution of its residual.
 *
 * The network has the same outputs as for the Gaussian; the mixture adds only 3·K numbers per coordinate. It models the
 * heavy tails of coordinates that are almost constant in most examples and vary in a few. Errors: `ShapeError` for hidden
 * sizes that are no positive integers, `DomainError` for fewer than two components.
 *
 * @example
 * ```ts
 * import { linear, mixture } from "@flowify/core/layers";
 *
 * const layer = linear(8, 3, { density: (size, context) => mixture(size, context, { components: 5 }) });
 * console.log(layer.outShape, layer.exact);
 * // [ 3 ] true
 * ```
 */
export function mixture(
  size: number,
  contextSize: number,
  { components = 3, ...network }: MixtureOptions = {},
): ConditionalDensity<MixtureParams> {
  const head = locationScale("mixture", size, contextSize, network);
  const distribution = mixtureResidual(components);
  return {
    name: "mixture",
    size,
    contextSize,
    noise: distribution.noise(size),
    parameterKinds: { base: locationScaleManifolds },
    init: (key) => ({ base: head.init(key, true), ...distribution.init(size) }),
    logProb({ base, ...residuals }, value, context) {
      const { location, logScale } = head.apply(base, context);
      const residual = value.sub(location).mul(np.exp(logScale.ref.neg())); // [N, size]
      return sumExamples(distribution.logDensity(residuals, residual).sub(logScale));
    },
    components({ base, ...residuals }, context) {
      const { location, logScale } = head.apply(base, context);
      return placed(distribution.components(residuals, size), location, logScale);
    },
    draw({ base, ...residuals }, context, noise) {
      const { location, logScale } = head.apply(base, context);
      return location.add(np.exp(logScale).mul(distribution.draw(residuals, noise)));
    },
    async start(key, value) {
      const { mean, logStd } = await columnMoments(value);
      const base = head.init(key, true);
      base.center.dispose();
      base.logUnit.dispose();
      return {
        base: { network: base.network, center: floats(mean), logUnit: floats(logStd) },
        ...distribution.init(size),
      };
    },
  };
}
