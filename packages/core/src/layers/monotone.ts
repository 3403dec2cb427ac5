import { numpy as np } from "@jax-js/jax";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { log, log1p } from "../math/log.js";
import { belowZero, softplus, sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import type { Shape } from "../shape.js";
import { defineKind } from "./kind.js";
import type { NoParams } from "./reshape.js";

const schemas = {
  /** `elu` and `celu`: α > 0, what large negative entries tend to is −α. Default 1. */
  alpha: o.optional(o.positive),
};
export type MonotoneOptions = o.Options<typeof schemas>;

/** An increasing function of R onto an interval, or onto R. All three consume what they are given. */
type Monotone = Readonly<{
  forward(x: np.Array): np.Array;
  /** log of the derivative at x, stable wherever the function itself is flat. */
  logSlope(x: np.Array): np.Array;
  /** For z inside of the image. */
  inverse(z: np.Array): np.Array;
  image: readonly [low: number, high: number];
}>;

const positive = (x: np.Array): np.Array => np.maximum(x, 0);
const negative = (x: np.Array): np.Array => np.minimum(x, 0);

/** λ x for x > 0, λ α (e^(x / r) − 1) below. */
const exponentialLinear = (lambda: number, alpha: number, r: number): Monotone => ({
  forward: (x) =>
    positive(x.ref)
      .add(np.expm1(negative(x).div(r)).mul(alpha))
      .mul(lambda),
  logSlope(x) {
    const below = negative(x.ref)
      .div(r)
      .add(Math.log(alpha / r));
    return np.where(np.less(x, 0), below, 0).add(Math.log(lambda));
  },
  inverse: (z) =>
    positive(z.ref)
      .div(lambda)
      .add(log1p(negative(z).div(lambda * alpha)).mul(r)),
  image: [-lambda * alpha, Number.POSITIVE_INFINITY],
});

/** Source: Klambauer et al. 2017 (arXiv:1706.02515), equation 14. */
const SELU = { alpha: 1.6732632423543772, lambda: 1.0507009873554805 };

/** Beyond, asinh x = log 2|x| to 2e-9; and what exp and sinh are finite up to in float32. */
const FAR = 1e4;
const MOST_EXPONENT = 85;

const exp = (x: np.Array): np.Array => np.exp(np.minimum(x, MOST_EXPONENT));

/** |x| up to `FAR`, and the log of how many times more it is. */
function sizeOf(x: np.Array): { near: np.Array; beyond: np.Array } {
  const size = np.absolute(x);
  const beyond = log(np.maximum(size.ref, FAR).div(FAR));
  return { near: np.minimum(size, FAR), beyond };
}

const functions = {
  sigmoid: () => ({
    forward: (x) => np.exp(softplus(x.neg()).neg()),
    // s (1 − s) = e^−|x| / (1 + e^−|x|)²
    logSlope(x) {
      const size = np.absolute(x);
      return softplus(size.ref.neg()).mul(-2).sub(size);
    },
    inverse: (z) => log(z.ref).sub(log1p(z.neg())),
    image: [0, 1],
  }),
  tanh: () => ({
    forward: np.tanh,
    // 1 − tanh² = 4 e^−2|x| / (1 + e^−2|x|)²
    logSlope(x) {
      const twice = np.absolute(x).mul(2);
      return softplus(twice.ref.neg())
        .mul(-2)
        .sub(twice)
        .add(2 * Math.LN2);
    },
    inverse: (z) => log1p(z.ref).sub(log1p(z.neg())).mul(0.5),
    image: [-1, 1],
  }),
  softplus: () => ({
    forward: softplus,
    logSlope: (x) => softplus(x.neg()).neg(),
    // log(e^z − 1)
    inverse: (z) => z.ref.add(log(np.expm1(z.neg()).neg())),
    image: [0, Number.POSITIVE_INFINITY],
  }),
  softsign: () => ({
    forward: (x) => x.ref.div(np.absolute(x).add(1)),
    logSlope: (x) => log1p(np.absolute(x)).mul(-2),
    inverse: (z) => z.ref.div(np.absolute(z).neg().add(1)),
    image: [-1, 1],
  }),
  exp: () => ({
    forward: exp,
    logSlope: (x) => x,
    inverse: np.log,
    image: [0, Number.POSITIVE_INFINITY],
  }),
  elu: (alpha) => exponentialLinear(1, alpha, 1),
  celu: (alpha) => exponentialLinear(1, alpha, alpha),
  selu: () => exponentialLinear(SELU.lambda, SELU.alpha, 1),
  asinh: () => ({
    forward(x) {
      const { near, beyond } = sizeOf(x.ref);
      // log1p(a + a² / (1 + √(1 + a²))) of near ones, so that nothing cancels and nothing overflows
      const root = np.sqrt(np.square(near.ref).add(1)).add(1);
      return np.sign(x).mul(log1p(near.ref.add(np.square(near).div(root))).add(beyond));
    },
    // −½ log(1 + x²)
    logSlope(x) {
      const { near, beyond } = sizeOf(x);
      return log1p(np.square(near)).mul(-0.5).sub(beyond);
    },
    inverse(z) {
      const within = np.clip(z, -MOST_EXPONENT, MOST_EXPONENT);
      return np.expm1(within.ref).sub(np.expm1(within.neg())).mul(0.5);
    },
    image: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  }),
} as const satisfies { [name: string]: (alpha: number) => Monotone };

/** The functions that `monotone` makes layers of. */
export type MonotoneFunction = keyof typeof functions;

/** Distance of what the inverse takes to an end of the image, relative to the end: that of float32 numbers. */
const MARGIN = 2 ** -23;

/** The smallest number above an end at zero. */
const SMALLEST = 2 ** -100;

/**
 * z = f(x) entry by entry, f an increasing function of R onto an open interval, its image: sigmoid, tanh,
 * softplus, softsign, exp, elu, celu, selu, or onto R: asinh; L = Σ log f′(x).
 *
 * Exact. What the rest of the flow puts outside of the image is lost: unless its base lives on the image (a
 * sigmoid at the end and a uniform base), exp(log p) integrates to less than 1, and log p is below that of
 * the density that draws are kept from. The inverse takes z to the nearest number in the image first.
 *
 * Errors: `DomainError` for α ≤ 0. Float32: where f is flat, x is not found again: sigmoid beyond |x| = 16. The inverse of
 * asinh takes |z| up to 85.
 *
 * @example
 * ```ts
 * import { monotone } from "@flowify/core/layers";
 *
 * const layer = monotone([4], "sigmoid");
 * console.log(layer.name, layer.facts.image, layer.exact);
 * // sigmoid [ 0, 1 ] true
 * ```
 */
export function monotone(
  inShape: Shape,
  name: MonotoneFunction,
  options: MonotoneOptions = {},
): FlowLayer<NoParams> {
  const { alpha = 1 } = o.checked(name, inShape, options, schemas);
  const f: Monotone = functions[name](alpha);
  const [low, high] = f.image;
  const least = low === 0 ? SMALLEST : Number.isFinite(low) ? low + MARGIN * Math.abs(low) : low;
  const most = high * (1 - MARGIN);
  return defineLayer<NoParams>({
    name,
    inShape,
    ...(Number.isFinite(low) && { facts: { image: f.image } }),
    init: withoutKey(() => ({})),
    forward: (_params, x) => ({ z: f.forward(x.ref), contribution: sumExamples(f.logSlope(x)) }),
    inverse(_params, z) {
      const above = Number.isFinite(low) ? np.maximum(z, least) : z;
      return f.inverse(Number.isFinite(high) ? np.minimum(above, most) : above);
    },
  });
}

/* @__NO_SIDE_EFFECTS__ */
function kindOf<const N extends MonotoneFunction>(kind: N, apply: (x: np.Array) => np.Array) {
  return defineKind({
    kind,
    options: {},
    flow: (inShape) => monotone(inShape, kind),
    apply: (x) => apply(x),
  });
}

/* @__NO_SIDE_EFFECTS__ */
function kindWithAlpha<const N extends MonotoneFunction>(
  kind: N,
  apply: (x: np.Array, alpha: number) => np.Array,
) {
  return defineKind({
    kind,
    options: schemas,
    flow: (inShape, own) => monotone(inShape, kind, own),
    apply: (x, { alpha = 1 }) => apply(x, alpha),
  });
}

const elu = (x: np.Array, alpha: number): np.Array => belowZero(x, (v) => np.expm1(v).mul(alpha));

/** Of e^−|x|, so that nothing overflows, gradients included. */
function sigmoid(x: np.Array): np.Array {
  const e = np.exp(np.absolute(x.ref).neg());
  return np.where(np.less(x, 0), e.ref, 1).div(e.add(1));
}

export const sigmoidKind = kindOf("sigmoid", sigmoid);
export const tanhKind = kindOf("tanh", np.tanh);
export const softplusKind = kindOf("softplus", softplus);
export const expKind = kindOf("exp", exp);
export const softsignKind = kindOf("softsign", (x) => x.ref.div(np.absolute(x).add(1)));
export const asinhKind = kindOf("asinh", (x) => functions.asinh().forward(x));
export const seluKind = kindOf("selu", (x) => elu(x, SELU.alpha).mul(SELU.lambda));
export const eluKind = kindWithAlpha("elu", elu);
export const celuKind = kindWithAlpha("celu", (x, alpha) =>
  belowZero(x, (v) => np.expm1(v.div(alpha)).mul(alpha)),
);
