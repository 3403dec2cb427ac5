import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { sumExamples } from "../math/numerics.js";
import { type ConditionalOptions, conditional, seeing } from "../nn/conditional-parameters.js";
import type { DenseParams } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

/** log |scale| and shift, as many numbers as were given; with a condition what adds to them. */
export type AffineParams = { logScale: np.Array; shift: np.Array; network?: DenseParams[] };

const schemas = {
  /** One factor, one for each channel (first axis of an example) or one for each entry. Default 1. */
  scale: o.optional(o.float32s),
  /** One number, one for each channel or one for each entry. Default 0. */
  shift: o.optional(o.float32s),
};
export type AffineOptions = o.Options<typeof schemas> & ConditionalOptions;

/** A scale below this part of the largest counts as zero, as singular values of given weights do. */
const TINY = 1e-6;

/**
 * z = x · scale + shift; L = Σ log |scale| over the entries.
 *
 * Exact. Constants that a network adds and multiplies by, batch normalization at inference. The signs of
 * the scale are kept, its sizes are parameters. With a condition its network adds to logs of scales and to shifts.
 *
 * Errors: `DomainError` that names the channel for a scale that is zero, or below a millionth of the
 * largest, and for numbers that are not finite; `ShapeError` for a number of them that fits nothing.
 *
 * @example
 * ```ts
 * import { affine } from "@flowify/core/layers";
 *
 * const layer = affine([2], { scale: Float32Array.of(2, 4), shift: Float32Array.of(0, -1) });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 2 ] [ 2 ] true
 * ```
 */
export function affine(inShape: Shape, options: AffineOptions = {}): FlowLayer<AffineParams> {
  const { scale = Float32Array.of(1), shift = Float32Array.of(0) } = o.checked(
    "affine",
    inShape,
    options,
    schemas,
    "condition",
    "hidden",
  );
  const [scaleShape, shiftShape] = [shapeOf("scales", scale, inShape), shapeOf("shifts", shift, inShape)];
  const largest = scale.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
  for (const [i, s] of scale.entries())
    if (!(Number.isFinite(s) && s !== 0 && Math.abs(s) >= TINY * largest))
      throw new DomainError(
        `affine: channel ${channelOf(i, scale, inShape)} is multiplied by ${s}, which no inverse undoes; leave the channel out of the network`,
      );
  for (const [i, b] of shift.entries())
    if (!Number.isFinite(b))
      throw new DomainError(`affine: channel ${channelOf(i, shift, inShape)} is shifted by ${b}`);
  const repeats = sizeOf(inShape) / scale.length;
  const signs = (like: np.Array): np.Array => floats(scale.map(Math.sign), scaleShape).astype(like.dtype);
  const layer = defineLayer<AffineParams>({
    name: "affine",
    inShape,
    init: withoutKey(() => ({
      logScale: floats(scale.map((s) => Math.log(Math.abs(s)))),
      shift: floats(shift),
    })),
    forward(params, x) {
      const log = params.logScale.reshape([-1, ...scaleShape]); // [1, …], or [B, …] of each example
      const contribution = np.broadcastTo(sumExamples(log.ref).mul(repeats), [countOf(x)]);
      const factor = np.exp(log).mul(signs(x));
      return { z: x.mul(factor).add(params.shift.reshape([-1, ...shiftShape])), contribution };
    },
    inverse(params, z) {
      const factor = np
        .exp(params.logScale.neg())
        .reshape([-1, ...scaleShape])
        .mul(signs(z));
      return z.sub(params.shift.reshape([-1, ...shiftShape])).mul(factor);
    },
  });
  return conditional(layer, { logScale: [scale.length], shift: [shift.length] }, options);
}

/** The shape in which given numbers meet an example: one for all, one a channel, one an entry. */
function shapeOf(what: string, values: Float32Array, inShape: Shape): number[] {
  const ones = inShape.map(() => 1);
  if (values.length === 1) return ones;
  if (values.length === inShape[0]) return ones.with(0, values.length);
  if (values.length === sizeOf(inShape)) return [...inShape];
  throw new ShapeError(
    `affine: ${values.length} ${what} for ${showShape(inShape)}: give one, one a channel or one an entry`,
  );
}

const channelOf = (i: number, values: Float32Array, inShape: Shape): number =>
  Math.floor((i * (inShape[0] ?? 1)) / Math.max(values.length, inShape[0] ?? 1));

export const affineKind = defineKind({
  kind: "affine",
  options: { ...schemas, ...o.conditional },
  flow: (inShape, own, context) => affine(inShape, seeing("affine", own, context)),
  apply(x, { scale, shift }) {
    const given = (what: string, values: Float32Array): np.Array =>
      floats(values, [1, ...shapeOf(what, values, x.shape.slice(1))]);
    const scaled = scale ? x.mul(given("scales", scale)) : x;
    return shift ? scaled.add(given("shifts", shift)) : scaled;
  },
});
