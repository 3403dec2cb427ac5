import { numpy as np } from "@jax-js/jax";
import type { FlowLayer } from "../layer.js";
import { makeRng, permutation } from "../math/rng.js";
import * as o from "../options.js";
import { invertOrder, rearrangement } from "../rearrangement.js";
import { expectSizes, type Shape } from "../shape.js";
import { defineKind } from "./kind.js";
import type { NoParams } from "./reshape.js";

const schemas = {
  /** The order itself. Default: a random one. */
  order: o.optional(o.order),
  /** Seed of a random order. Default 0. */
  seed: o.optional(o.seed),
};
export type PermuteChannelsOptions = o.Options<typeof schemas>;

/**
 * z[c, …] = x[order[c], …]: the first axis of an example (channels, or the entries of a vector) in another
 * order, given or random but fixed; L = 0.
 *
 * Exact. Errors: `ShapeError` where `order` is not a permutation of the axis.
 *
 * @example
 * ```ts
 * import { permuteChannels } from "@flowify/core/layers";
 *
 * const layer = permuteChannels([3, 8, 8], { order: [2, 0, 1] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 3, 8, 8 ] true
 * ```
 */
export function permuteChannels(inShape: Shape, options: PermuteChannelsOptions = {}): FlowLayer<NoParams> {
  const { order, seed = 0 } = o.checked("permuteChannels", inShape, options, schemas);
  const channels = inShape[0] ?? 0;
  expectSizes("permuteChannels", { channels });
  const there = order ?? Array.from(permutation(makeRng(seed), channels));
  const back = invertOrder("permuteChannels", there, channels);
  const take = (indices: readonly number[]) => (x: np.Array) =>
    np.take(x, np.array([...indices], { dtype: np.int32 }), 1);
  return rearrangement("permuteChannels", inShape, inShape, take(there), take(back));
}

export const permuteChannelsKind = defineKind({
  kind: "permuteChannels",
  options: schemas,
  flow: permuteChannels,
});
