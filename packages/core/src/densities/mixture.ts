import { numpy as np } from "@jax-js/jax";
import { floats } from "../math/host.js";
import { logSumExp, standardNormalLogDensity, sumItems } from "../math/numerics.js";
import type { ConditionalDensity } from "./conditional.js";
import {
  columnMoments,
  type LocationScale,
  type LocationScaleParams,
  locationScale,
  locationScaleManifolds,
} from "./location-scale.js";

/** The law of the residual of every coordinate, K components: [K, size] each. */
export type MixtureParams = {
  base: LocationScaleParams;
  logits: np.Array;
  offsets: np.Array;
  logWidths: np.Array;
};

export type MixtureOptions = {
  /** K ≥ 2. Default 3. */
  components?: number;
  /** Soft bound of the log-scale around its start, in nats. Default 3. */
  limit?: number;
};

/**
 * q(value | context) = Π_j Σ_k π_jk N(r_j; δ_jk, τ_jk²) / scale_j, r = (value − location) / scale,
 * location and log-scale from a network of the context, and for every coordinate a learnt mixture
 * (π, δ, τ) as the law of its residual.
 *
 * The network has the same outputs as the Gaussian's; only 3·K numbers a coordinate are added. It
 * models the heavy tails of coordinates that are almost constant in most items and vary in a few.
 */
export function mixture(
  size: number,
  contextSize: number,
  { components = 3, limit = 3 }: MixtureOptions = {},
): ConditionalDensity<MixtureParams> {
  const head: LocationScale = locationScale(size, contextSize, limit);
  const K = components;
  const laws = (): Omit<MixtureParams, "base"> => {
    const spread = Array.from({ length: K }, (_, k) => 2 * (k / (K - 1)) - 1); // −1 … 1
    const column = (values: number[]): np.Array =>
      np.broadcastTo(np.array(values).reshape([K, 1]), [K, size]).add(0);
    return {
      logits: np.zeros([K, size]),
      offsets: np.zeros([K, size]),
      logWidths: column(spread.map((s) => s * 0.7)),
    };
  };
  return {
    name: "mixture",
    size,
    contextSize,
    noise: { normal: { shape: [size], law: "normal" }, choice: { shape: [size], law: "uniform" } },
    manifolds: { base: locationScaleManifolds },
    init: (key) => ({ base: head.init(key, true), ...laws() }),
    logProb({ base, logits, offsets, logWidths }, value, context) {
      const { location, logScale } = head.apply(base, context);
      const residual = value.sub(location).mul(np.exp(logScale.ref.neg())); // [N, size]
      const rows = [K, 1, size];
      const logPi = logits.ref.sub(np.expandDims(logSumExp(logits, 0), 0)).reshape(rows);
      const logTau = logWidths.reshape(rows);
      const t = np.expandDims(residual, 0).sub(offsets.reshape(rows)).mul(np.exp(logTau.ref.neg())); // [K, N, size]
      const logs = standardNormalLogDensity(t).add(logPi.sub(logTau));
      return sumItems(logSumExp(logs, 0).sub(logScale));
    },
    draw({ base, logits, offsets, logWidths }, context, noise) {
      const { normal, choice } = noise as { normal: np.Array; choice: np.Array };
      const { location, logScale } = head.apply(base, context);
      const pi = np.exp(logits.ref.sub(np.expandDims(logSumExp(logits, 0), 0))); // [K, size]
      const upper = np.matmul(np.tril(np.ones([K, K], { dtype: pi.dtype })), pi); // cumulative
      // component k is chosen where the uniform number lies in [upper_{k−1}, upper_k)
      let offset = np.zerosLike(location.ref);
      let logWidth = np.zerosLike(location.ref);
      for (let k = K - 1; k >= 0; k--) {
        const row = (a: np.Array): np.Array => a.ref.slice([k, k + 1]); // [1, size]
        const below = k === K - 1 ? np.onesLike(choice.ref).astype(np.bool) : np.less(choice.ref, row(upper));
        offset = np.where(below.ref, row(offsets), offset);
        logWidth = np.where(below, row(logWidths), logWidth);
      }
      for (const used of [upper, offsets, logWidths, choice]) used.dispose();
      const residual = offset.add(np.exp(logWidth).mul(normal));
      return location.add(np.exp(logScale).mul(residual));
    },
    async start(key, value, context) {
      context.dispose();
      const { mean, logStd } = await columnMoments(value);
      const base = head.init(key, true);
      base.center.dispose();
      base.logUnit.dispose();
      return {
        base: { network: base.network, center: floats(mean), logUnit: floats(logStd) },
        ...laws(),
      };
    },
  };
}
