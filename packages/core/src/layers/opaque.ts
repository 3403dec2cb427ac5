import { lax, numpy as np } from "@jax-js/jax";
import * as v from "valibot";
import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { gaussian } from "../densities/gaussian.js";
import { ShapeError, UnsupportedOpError } from "../errors.js";
import type { FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { log } from "../math/log.js";
import * as o from "../options.js";
import { type Shape, sameShape, showShape, sizeOf } from "../shape.js";
import { type AppendedFunction, append } from "./append.js";
import { defineKind } from "./kind.js";
import { permuteChannels } from "./permute-channels.js";
import { reshape } from "./reshape.js";
import { split } from "./split.js";

const schemas = {
  /** So many of the first entries of x stay, in front of f(x). Default 0. */
  keep: o.optional(o.count),
};
const step = v.looseObject({ outShape: o.order, apply: o.callback });
export type OpaqueOptions = o.Options<typeof schemas> & {
  /** The density of what is dropped, given all that stays. Default a Gaussian with two hidden layers of 64. */
  density?: ConditionalDensityFactory;
  /** True: entries at a place are dropped given those there, or in the 3 × 3 pixels around it. Default: only for many numbers. */
  local?: boolean;
};

/** Most numbers before and behind f that a density sees at once. */
const MOST_SEEN = 4096;

/** Sizes of the hidden layers of the density. */
const HIDDEN = [64, 64];

/**
 * Any function as a step: z = f(x) + a ε, ε ~ N(0, 1), and x is dropped given z:
 *
 *     L = log q(x | z) − Σ log N(a ε; 0, a²)
 *
 * A bound; normalized whatever f is. In deterministic mode it is f(x). With `keep` the first entries of x stay as they are: z = (x₁,
 * f(x) + a ε), and only the others are dropped, given z.
 *
 * Errors: `ShapeError` for entries to keep that x lacks, or of a shape that f changes; `UnsupportedOpError` for more than 4,096
 * numbers of x and f(x) where f changes the places.
 *
 * @example
 * ```ts
 * import { opaque } from "@flowify/core/layers";
 *
 * const layer = opaque([4], { outShape: [4], apply: (x) => x.mul(2) });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] false
 * ```
 */
export function opaque(inShape: Shape, f: AppendedFunction, options: OpaqueOptions = {}): ChainLayer {
  const own = o.checked("opaque", inShape, { f, ...options }, { f: step, ...schemas }, "density", "local");
  const { keep = 0, density = gaussian, local = false } = own;
  const small: ConditionalDensityFactory = (size, context) => density(size, context, { hidden: HIDDEN });
  const [n, m] = [sizeOf(inShape), sizeOf(f.outShape)];
  const isSmall = n + m <= MOST_SEEN;
  const hasPlaces = sameShape(inShape.slice(1), f.outShape.slice(1));
  if (!hasPlaces && (!isSmall || keep > 0))
    throw isSmall
      ? new ShapeError(
          `opaque: keeps entries of ${showShape(inShape)}, and f gives ${showShape(f.outShape)}: other places`,
        )
      : new UnsupportedOpError(
          "opaque",
          "opaque",
          `opaque: a function turns ${n} numbers into ${m}; a density sees at most ${MOST_SEEN} of both, so take the network as one step`,
        );
  const isFlat = !hasPlaces || (isSmall && !local && keep === 0);
  if (isFlat && inShape.length + f.outShape.length > 2) {
    const apply = (x: np.Array): np.Array => f.apply(x.reshape([-1, ...inShape])).reshape([-1, m]);
    const flat = opaque([n], { outShape: [m], apply }, { density });
    return chain([reshape(inShape, [n]), ...flat.layers, reshape([m], f.outShape)], "opaque");
  }
  const [count, results] = [nth(inShape, 0), nth(f.outShape, 0)];
  if (keep >= count) throw new ShapeError(`opaque: keeps ${keep} of ${count} entries; expected fewer`);
  const appended = append(reshape(inShape, inShape), [f], { place: 1 });
  const layers: FlowLayer[] = [appended];
  if (keep > 0) {
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, i) => from + i);
    const [first, end] = [results + keep, results + count];
    const order = [...range(results, first), ...range(0, results), ...range(first, end)];
    layers.push(permuteChannels(appended.outShape, { order }));
  }
  const isImage = inShape.length === 3 && sizeOf(inShape.slice(1)) > 1;
  const window = isImage ? { window: 3 } : {};
  layers.push(split(appended.outShape, { leaving: count - keep, density: small, ...window }));
  return chain(layers, "opaque");
}

export const opaqueKind = defineKind({
  kind: "opaque",
  options: {
    /** The function f: any plain layers. */
    layers: o.layers,
    ...schemas,
  },
  flow: (inShape, { layers, ...own }, { density, plain }) =>
    opaque(
      inShape,
      { outShape: plain.outShape(layers, inShape), apply: (x) => plain.apply(layers, x) },
      { ...own, density },
    ),
  outShape(inShape, { layers, keep = 0 }, { outShape }) {
    const [results = 0, ...space] = outShape(layers, inShape);
    return [keep + results, ...space];
  },
  apply(x, { layers, keep = 0 }, { apply }) {
    if (keep === 0) return apply(layers, x);
    return np.concatenate([x.ref.slice([], [0, keep]), apply(layers, x)], 1);
  },
});

/** What logarithms and roots take for zero, and reciprocals for the least size. */
const LEAST = 2 ** -100;

/** Functions of a number that are not increasing, or not defined everywhere; finite beyond where they are defined. */
const functions = {
  abs: np.absolute,
  cos: np.cos,
  erf: lax.erf,
  log: (x) => log(np.maximum(x, LEAST)),
  reciprocal: (x) => np.reciprocal(np.where(np.less(np.absolute(x.ref), LEAST), LEAST, x)),
  sin: np.sin,
  sqrt: (x) => np.sqrt(np.maximum(x, LEAST)),
  square: np.square,
} as const satisfies { [name: string]: (x: np.Array) => np.Array };

type Name = keyof typeof functions;

export const elementwiseKind = defineKind({
  kind: "elementwise",
  options: {
    /** A function of each entry. */
    function: o.oneOf(...(Object.keys(functions) as Name[])),
  },
  flow: (inShape, { function: name }, { density }) =>
    opaque(inShape, { outShape: inShape, apply: functions[name] }, { density, local: true }),
  apply: (x, { function: name }) => functions[name](x),
});
