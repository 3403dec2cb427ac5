import { numpy as np } from "@jax-js/jax";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { belowZero, sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import type { Shape } from "../shape.js";
import { defineKind } from "./kind.js";
import type { NoParams } from "./reshape.js";

const schemas = {
  /** α > 0, the slope for negative entries. Default ½ (the paper's). */
  slope: o.optional(o.positive),
};
export type LeakyReluOptions = o.Options<typeof schemas>;

/**
 * z = x for x ≥ 0, α x for x < 0; L = log α × (number of negative entries).
 *
 * Exact; a bijection of R onto R. Errors: `DomainError` for α ≤ 0, which is not a bijection.
 * Source: Flowification, section 3.4.
 *
 * @example
 * ```ts
 * import { leakyRelu } from "@flowify/core/layers";
 *
 * const layer = leakyRelu([4], { slope: 0.1 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] true
 * ```
 */
export function leakyRelu(inShape: Shape, options: LeakyReluOptions = {}): FlowLayer<NoParams> {
  const { slope = 0.5 } = o.checked("leakyRelu", inShape, options, schemas);
  return defineLayer<NoParams>({
    name: "leakyRelu",
    inShape,
    init: withoutKey(() => ({})),
    forward(_params, x) {
      const negative = np.less(x.ref, 0);
      const logs = negative.ref.astype(x.dtype).mul(Math.log(slope));
      return { z: np.where(negative, x.ref.mul(slope), x), contribution: sumExamples(logs) };
    },
    inverse: (_params, z) => np.where(np.less(z.ref, 0), z.ref.mul(1 / slope), z),
  });
}

export const leakyReluKind = defineKind({
  kind: "leakyRelu",
  options: schemas,
  flow: leakyRelu,
  apply: (x, { slope = 0.5 }) => belowZero(x, (v) => v.mul(slope)),
});
