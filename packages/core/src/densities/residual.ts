import { numpy as np } from "@jax-js/jax";
import { DomainError } from "../errors.js";
import type { ArrayTree } from "../layer.js";
import { nth } from "../lists.js";
import { logSumExp, standardNormalLogDensity } from "../math/numerics.js";
import type { NoiseDeclaration, NoiseTree } from "../noise.js";
import type { MixtureOfNormals } from "./conditional.js";

/**
 * The distribution of a coordinate after removing its location and scale: a density on R for each of `size`
 * coordinates, the same for all rows.
 */
export type ResidualDistribution<P extends ArrayTree = ArrayTree> = Readonly<{
  /** Noise of a sample of one row. */
  noise(size: number): { [name: string]: NoiseDeclaration };
  init(size: number): P;
  /** log density of residuals [N, size], entry by entry. Consumes both. */
  logDensity(params: P, residual: np.Array): np.Array;
  /** The components of the mixture of K normals that it is: weights, means and stds, [K, size]. Consumes the parameters. */
  components(params: P, size: number): MixtureOfNormals;
  /** Residuals, [N, size]. Consumes both. */
  draw(params: P, noise: NoiseTree): np.Array;
}>;

/** The components of a residual [K, size] at location and log-scale [N, size]: means and stds [K, N, size]. Consumes all. */
export function placed(
  { weights, means, stds }: MixtureOfNormals,
  location: np.Array,
  logScale: np.Array,
): MixtureOfNormals {
  const [K = 0, size = 0] = weights.shape;
  const scale = np.exp(logScale);
  return {
    weights,
    means: means.reshape([K, 1, size]).mul(scale.ref).add(location),
    stds: stds.reshape([K, 1, size]).mul(scale),
  };
}

/** N(0, 1): the paper's. */
export const normalResidual: ResidualDistribution<Record<string, never>> = {
  noise: (size) => ({ normal: { shape: [size], distribution: "normal" } }),
  init: () => ({}),
  logDensity: (_params, residual) => standardNormalLogDensity(residual),
  components: (_params, size) => ({
    weights: np.ones([1, size]),
    means: np.zeros([1, size]),
    stds: np.ones([1, size]),
  }),
  draw: (_params, { normal }: { normal: np.Array }) => normal,
};

/** Log-weights (unnormalized), means and log-stds of the components, [K, size] each. */
export type MixtureResidualParams = { logits: np.Array; offsets: np.Array; logWidths: np.Array };

/**
 * Log-std of the narrowest and the widest component at initialization, and the reduction of the widest one's
 * log-weight, nats.
 */
const NARROW = -0.4;
const WIDE = 3;
const RARE = -6;

/**
 * Σ_k π_k N(r; δ_k, τ_k²) with learned π, δ, τ for each coordinate.
 *
 * It is initialized with tails: one component a little narrower than the Gaussian, and wider, rarer ones, up to 20
 * standard deviations with a weight of e⁻⁶. If a coordinate hardly varies in most examples and jumps in a few, the jump
 * costs tens of nats, not the square of its height.
 *
 * @example
 * ```ts
 * import { conv2d, mixtureResidual } from "@flowify/core/layers";
 *
 * const layer = conv2d([1, 8, 8], 2, { kernel: 2, stride: 2, residual: mixtureResidual(3) });
 * console.log(layer.outShape, layer.exact);
 * // [ 2, 4, 4 ] true
 * ```
 */
export function mixtureResidual(components: number): ResidualDistribution<MixtureResidualParams> {
  if (!Number.isInteger(components) || components < 2)
    throw new DomainError(
      `mixture: expected at least two components, got ${components}; use \`gaussian\` for one`,
    );
  const K = components;
  const column = (values: number[], size: number): np.Array =>
    np.broadcastTo(np.array(values).reshape([K, 1]), [K, size]).add(0);
  const logWeights = (logits: np.Array): np.Array => logits.ref.sub(np.expandDims(logSumExp(logits, 0), 0));
  /** 0 … 1, denser at the narrow end. */
  const along = Array.from({ length: K }, (_, k) => (k / (K - 1)) ** 1.5);
  return {
    noise: (size) => ({
      normal: { shape: [size], distribution: "normal" },
      choice: { shape: [size], distribution: "uniform" },
    }),
    init: (size) => ({
      logits: column(
        along.map((t) => RARE * t),
        size,
      ),
      offsets: np.zeros([K, size]),
      logWidths: column(
        along.map((t) => NARROW + (WIDE - NARROW) * t),
        size,
      ),
    }),
    logDensity({ logits, offsets, logWidths }, residual) {
      const rows = [K, 1, nth(residual.shape, 1)];
      const logTau = logWidths.reshape(rows);
      const t = np.expandDims(residual, 0).sub(offsets.reshape(rows)).mul(np.exp(logTau.ref.neg())); // [K, N, size]
      const logs = standardNormalLogDensity(t).add(logWeights(logits).reshape(rows).sub(logTau));
      return logSumExp(logs, 0);
    },
    components: ({ logits, offsets, logWidths }) => ({
      weights: np.exp(logWeights(logits)),
      means: offsets,
      stds: np.exp(logWidths),
    }),
    draw({ logits, offsets, logWidths }, { normal, choice }: { normal: np.Array; choice: np.Array }) {
      const pi = np.exp(logWeights(logits)); // [K, size]
      const upper = np.matmul(np.tril(np.ones([K, K], { dtype: pi.dtype })), pi); // cumulative weights
      // component k is chosen if the uniform number lies in [upper_{k−1}, upper_k)
      const row = (a: np.Array, k: number): np.Array => a.ref.slice([k, k + 1]); // [1, size]
      const widths = np.exp(logWidths);
      let offset = np.broadcastTo(row(offsets, K - 1), choice.shape);
      let width = np.broadcastTo(row(widths, K - 1), choice.shape);
      for (let k = K - 2; k >= 0; k--) {
        const below = np.less(choice.ref, row(upper, k));
        offset = np.where(below.ref, row(offsets, k), offset);
        width = np.where(below, row(widths, k), width);
      }
      for (const used of [upper, offsets, widths, choice]) used.dispose();
      return offset.add(width.mul(normal));
    },
  };
}
