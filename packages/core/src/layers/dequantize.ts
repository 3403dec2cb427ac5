import { numpy as np } from "@jax-js/jax";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import * as o from "../options.js";
import { countOf, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import type { NoParams } from "./reshape.js";

const schemas = {
  /** Number of levels: x holds integers 0..levels−1. Default 256. */
  levels: o.optional(o.levels),
};
export type DequantizeOptions = o.Options<typeof schemas>;

/** The largest u that float32 adds to a level below 256 without rounding up to the next. */
export const LARGEST_FRACTION = 1 - 2 ** -16;

/** (x + u) / levels. */
export const uniformlyDequantized = (x: np.Array, u: np.Array, levels: number): np.Array =>
  x.add(np.minimum(u, LARGEST_FRACTION)).mul(1 / levels);

/** The integer behind a number of [0, 1). */
export const levelOf = (z: np.Array, levels: number): np.Array =>
  np.clip(np.floor(z.mul(levels)), 0, levels - 1);

/**
 * z = (x + u) / levels, u ~ U[0, 1), for x of integers 0..levels−1; L = −n log levels.
 *
 * A bound in expectation over u (Theis et al. 2016): E_u log p(z) + L ≤ log P(x), the probability
 * of the integers themselves. z lies in [0, 1). Inverse: floor(levels · z), clipped to 0..levels−1.
 * It draws noise, but its bound is the quantity that all bits per dimension are quoted in.
 *
 * Source: method of Uria et al. 2013 (arXiv:1306.0186); Flowification, section 4.
 *
 * @example
 * ```ts
 * import { dequantize } from "@flowify/core/layers";
 *
 * const layer = dequantize([1, 28, 28]);
 * console.log(layer.facts.levels, layer.facts.image, layer.exact);
 * // 256 [ 0, 1 ] false
 * ```
 */
export function dequantize(inShape: Shape, options: DequantizeOptions = {}): FlowLayer<NoParams> {
  const { levels = 256 } = o.checked("dequantize", inShape, options, schemas);
  const logScale = -sizeOf(inShape) * Math.log(levels);
  return defineLayer<NoParams>({
    name: "dequantize",
    inShape,
    forwardNoise: { u: { shape: inShape, distribution: "uniform" } },
    facts: { image: [0, 1], levels },
    init: withoutKey(() => ({})),
    forward(_params, x, { u }: { u: np.Array }) {
      const contribution = np.full([countOf(x)], logScale, { dtype: x.dtype });
      return { z: uniformlyDequantized(x, u, levels), contribution };
    },
    inverse: (_params, z) => levelOf(z, levels),
  });
}

export const dequantizeKind = defineKind({ kind: "dequantize", options: schemas, flow: dequantize });
