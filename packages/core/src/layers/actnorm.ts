import { numpy as np } from "@jax-js/jax";
import { rowsOf } from "../init/calibration-data.js";
import { bentScale, sortedColumns } from "../init/marginal.js";
import { columnMoments } from "../init/moments.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { perExample } from "../math/numerics.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

const schemas = {
  /**
   * For an asinh behind it: from the data, b and s start so that median and quartiles are those of a normal number. Where the numbers of a
   * channel are dense at an edge, that edge goes to 0, and a hundredth of the numbers lies within 1 of it. Default false.
   */
  bent: o.optional(o.flag),
};
type ActnormOptions = o.Options<typeof schemas>;

/** b [C] and s [C], one for each channel (the first axis of an example). */
export type ActnormParams = { shift: np.Array; logScale: np.Array };

/**
 * z = (x + b_c) · exp(s_c) in channel c; L = entries of a channel · Σ s.
 *
 * Exact. For vectors [n] every entry is a channel, for images [C, H, W] the first axis. From the data,
 * b and s start so that every channel has mean 0 and variance 1; a channel that never varies
 * counts as one of standard deviation 1e-6, or 1 where none varies. `bent`: from the median and quartiles, or from an edge.
 *
 * Errors: `ShapeError`. Source: Kingma and Dhariwal 2018 (arXiv:1807.03039), section 3.1.
 *
 * @example
 * ```ts
 * import { actnorm } from "@flowify/core/layers";
 *
 * const layer = actnorm([3, 8, 8]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 3, 8, 8 ] true
 * ```
 */
export function actnorm(inShape: Shape, options: ActnormOptions = {}): FlowLayer<ActnormParams> {
  const { bent = false } = o.checked("actnorm", inShape, options, schemas);
  const [channels = 0, ...space] = inShape;
  expectSizes("actnorm", { channels, "size of the other axes": sizeOf(space) });
  /** [C] -> [C, 1, …], which the axes of x are multiplied by. */
  const perChannel = (a: np.Array): np.Array => a.reshape([channels, ...space.map(() => 1)]);
  return defineLayer<ActnormParams>({
    name: "actnorm",
    inShape,
    init: withoutKey(() => ({ shift: np.zeros([channels]), logScale: np.zeros([channels]) })),
    forward({ shift, logScale }, x) {
      const contribution = perExample(np.sum(logScale.ref).mul(sizeOf(space)), countOf(x));
      return { z: x.add(perChannel(shift)).mul(perChannel(np.exp(logScale))), contribution };
    },
    inverse: ({ shift, logScale }, z) => z.mul(perChannel(np.exp(logScale.neg()))).sub(perChannel(shift)),
    async initFromData(key, examples) {
      key.dispose();
      const columns = (x: np.Array): np.Array =>
        np.moveaxis(x.reshape([-1, channels, sizeOf(space)]), 1, 2).reshape([-1, channels]);
      const rows = rowsOf(examples, columns, channels);
      if (bent) {
        const found = [];
        for await (const numbers of sortedColumns(rows, channels)) found.push(bentScale(numbers));
        return {
          shift: floats(Float32Array.from(found, ({ centre }) => -centre)),
          logScale: floats(Float32Array.from(found, ({ spread }) => -Math.log(spread))),
        };
      }
      const { mean, logStd } = await columnMoments(rows);
      return { shift: floats(mean.map((v) => -v)), logScale: floats(logStd.map((v) => -v)) };
    },
  });
}

export const actnormKind = defineKind({ kind: "actnorm", options: schemas, flow: actnorm });
