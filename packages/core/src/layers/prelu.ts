import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { belowZero, sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { Shape } from "../shape.js";
import { defineKind } from "./kind.js";

/** Parameters of `prelu`: log α, one a channel. */
export type PreluParams = { logSlope: np.Array };

const schemas = {
  /** Start value (or given values, one a channel) of α > 0. Default ¼. */
  slope: o.optional(o.either(o.positive, o.listOf(o.positive), "a number above 0, or a list of them")),
};
export type PreluOptions = o.Options<typeof schemas>;

/**
 * z = x for x ≥ 0, α_c x for x < 0, with α_c = exp(logSlope_c) learnt for every channel c (the first
 * axis of an example); L = Σ log α_c over the negative entries.
 *
 * Exact. Errors: `DomainError` for α ≤ 0; `ShapeError` where the number of slopes is neither 1 nor
 * that of the channels. Source: He et al. 2015 (arXiv:1502.01852); positive α as in leakyRelu.
 *
 * @example
 * ```ts
 * import { prelu } from "@flowify/core/layers";
 *
 * const layer = prelu([3, 8, 8], { slope: [0.1, 0.2, 0.3] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 3, 8, 8 ] true
 * ```
 */
export function prelu(inShape: Shape, options: PreluOptions = {}): FlowLayer<PreluParams> {
  const { slope = 0.25 } = o.checked("prelu", inShape, options, schemas);
  const channels = inShape[0] ?? 1;
  const given = typeof slope === "number" ? new Array<number>(channels).fill(slope) : [...slope];
  if (given.length !== channels)
    throw new ShapeError(`prelu: ${given.length} slopes for ${channels} channels`);
  const perChannel = [channels, ...inShape.slice(1).map(() => 1)];
  return defineLayer<PreluParams>({
    name: "prelu",
    inShape,
    init: withoutKey(() => ({ logSlope: np.array(given.map(Math.log)).reshape([channels]) })),
    forward({ logSlope }, x) {
      const logA = logSlope.reshape(perChannel); // [C] -> [C, 1, …]
      const negative = np.less(x.ref, 0);
      const logs = np.where(negative.ref, logA.ref, np.zerosLike(x.ref));
      const z = np.where(negative, x.ref.mul(np.exp(logA)), x);
      return { z, contribution: sumExamples(logs) };
    },
    inverse({ logSlope }, z) {
      const scale = np.exp(logSlope.neg()).reshape(perChannel);
      return np.where(np.less(z.ref, 0), z.ref.mul(scale), z);
    },
  });
}

export const preluKind = defineKind({
  kind: "prelu",
  options: schemas,
  flow: prelu,
  apply(x, { slope = 0.25 }) {
    const slopes = Float32Array.from(typeof slope === "number" ? [slope] : slope);
    const perChannel = [1, slopes.length, ...x.shape.slice(2).map(() => 1)];
    return belowZero(x, (v) => v.mul(floats(slopes, perChannel)));
  },
});
