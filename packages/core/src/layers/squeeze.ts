import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import type { FlowLayer } from "../layer.js";
import { rearrangement } from "../rearrangement.js";
import { expectSizes, expectSizesOf, type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";
import type { NoParams } from "./reshape.js";

function imageSizes(name: string, inShape: Shape): [channels: number, height: number, width: number] {
  expectSizesOf(name, inShape);
  if (inShape.length !== 3)
    throw new ShapeError(`${name}: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels = 0, height = 0, width = 0] = inShape;
  expectSizes(name, { channels, height, width });
  return [channels, height, width];
}

/** [B, C, 2h, 2w] -> [B, 4C, h, w]: channel 4c + 2a + b holds the pixels of row parity a and column parity b. */
function spaceToChannels(x: np.Array): np.Array {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  const blocks = x.reshape([batch, channels, height / 2, 2, width / 2, 2]);
  return np
    .transpose(blocks, [0, 1, 3, 5, 2, 4]) // [B, C, 2, 2, h, w]
    .reshape([batch, 4 * channels, height / 2, width / 2]);
}

/** [B, 4C, h, w] -> [B, C, 2h, 2w] */
function channelsToSpace(z: np.Array): np.Array {
  const [batch = 0, channels = 0, height = 0, width = 0] = z.shape;
  const blocks = z.reshape([batch, channels / 4, 2, 2, height, width]);
  return np
    .transpose(blocks, [0, 1, 4, 2, 5, 3]) // [B, C, h, 2, w, 2]
    .reshape([batch, channels / 4, 2 * height, 2 * width]);
}

/**
 * z[4c + 2a + b, i, j] = x[c, 2i + a, 2j + b]: every 2 × 2 block of pixels becomes four channels,
 * [C, H, W] ↦ [4C, H/2, W/2]; L = 0.
 *
 * Exact. Errors: `ShapeError` for odd sides and for examples that are not [C, H, W].
 * Source: Dinh et al. 2017 (arXiv:1605.08803), section 3.6.
 *
 * @example
 * ```ts
 * import { squeeze } from "@flowify/core/layers";
 *
 * const layer = squeeze([3, 8, 8]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 12, 4, 4 ] true
 * ```
 */
export function squeeze(inShape: Shape): FlowLayer<NoParams> {
  const [channels, height, width] = imageSizes("squeeze", inShape);
  if (height % 2 !== 0 || width % 2 !== 0)
    throw new ShapeError(`squeeze: needs even sides, got ${height} × ${width}`);
  const outShape = [4 * channels, height / 2, width / 2];
  return rearrangement("squeeze", inShape, outShape, spaceToChannels, channelsToSpace);
}

/**
 * The inverse of `squeeze`: z[c, 2i + a, 2j + b] = x[4c + 2a + b, i, j], [4C, H, W] ↦ [C, 2H, 2W]; L = 0.
 *
 * Exact. Errors: `ShapeError` where the channels are no multiple of 4.
 *
 * @example
 * ```ts
 * import { unsqueeze } from "@flowify/core/layers";
 *
 * const layer = unsqueeze([12, 4, 4]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 12, 4, 4 ] [ 3, 8, 8 ] true
 * ```
 */
export function unsqueeze(inShape: Shape): FlowLayer<NoParams> {
  const [channels, height, width] = imageSizes("unsqueeze", inShape);
  if (channels % 4 !== 0) throw new ShapeError(`unsqueeze: needs a multiple of 4 channels, got ${channels}`);
  const outShape = [channels / 4, 2 * height, 2 * width];
  return rearrangement("unsqueeze", inShape, outShape, channelsToSpace, spaceToChannels);
}

export const squeezeKind = defineKind({
  kind: "squeeze",
  options: {},
  flow: squeeze,
  outShape: ([channels = 0, height = 0, width = 0]) => [4 * channels, height / 2, width / 2],
});

export const unsqueezeKind = defineKind({
  kind: "unsqueeze",
  options: {},
  flow: unsqueeze,
  outShape: ([channels = 0, height = 0, width = 0]) => [channels / 4, 2 * height, 2 * width],
});
