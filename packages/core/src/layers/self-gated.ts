import { numpy as np } from "@jax-js/jax";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { nth } from "../lists.js";
import { softplus, sumExamples } from "../math/numerics.js";
import { invert, logSize, SMALLEST, selfGates } from "../math/self-gates.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { treeRef } from "../params/pytree.js";
import { countOf, expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

const schemas = {
  /** The function x g(x): GELU by the error function or by a tanh. */
  function: o.oneOf("silu", "gelu", "geluTanh", "mish", "hardSwish"),
};
export type SelfGatedOptions = o.Options<typeof schemas>;

/** For every channel [C], of what is forgotten where f is flat: the log of its odds, and the scales of noise and sizes. */
type FlatParams = { odds: np.Array; logA: np.Array; logB: np.Array };

/** The odds of the left side in every channel, coefficients of a parabola, [3, C]. */
export type SelfGatedParams = { left: np.Array; flat?: FlatParams };

/** A function that falls to its least value and then rises. All consume what they are given. */
type Folded = Readonly<{
  forward(x: np.Array): np.Array;
  /** log |f′(x)|. */
  logSlope(x: np.Array): np.Array;
  inverse(z: np.Array, left: np.Array): np.Array;
  least: Readonly<{ at: number; value: number }>;
  /** f is 0 from there down. */
  end?: number;
}>;

function smooth(name: keyof typeof selfGates): Folded {
  const own = selfGates[name];
  return {
    least: own.least,
    forward(x) {
      const { log, slope } = own.gate(x.ref);
      slope.dispose();
      return x.mul(np.exp(log));
    },
    logSlope(x) {
      const { log, slope } = own.gate(x.ref);
      return log.add(logSize(x.mul(slope).add(1)));
    },
    inverse: (z, left) => invert(own, z, left),
  };
}

/** x (x + 3) / 6 between −3 and 3. */
const hardSwish: Folded = {
  least: { at: -1.5, value: -0.375 },
  end: -3,
  forward: (x) => x.ref.mul(np.clip(x.add(3).div(6), 0, 1)),
  logSlope: (x) => np.where(np.less(x.ref, 3), logSize(x.add(1.5).div(3)), 0),
  inverse(z, left) {
    const d = np.sqrt(np.maximum(z.ref.add(0.375), 0).mul(6));
    const right = np.where(np.less(z.ref, 3), d.ref.sub(1.5), z);
    return np.where(left, d.neg().sub(1.5), right);
  },
};

const foldedOf = (name: SelfGatedOptions["function"]): Folded =>
  name === "hardSwish" ? hardSwish : smooth(name);

/** The noise in units of the sizes that it stands for, at the start. */
const NOISE_SCALE = 0.1;

/** Nats below the least value beyond which the odds stay; log-odds of what cannot be; the float32 number before 1. */
const DEEPEST = 16;
const NEVER = -1e4;
const BEFORE_ONE = 1 - 2 ** -23;

/**
 * z = f(x) entry by entry, f one of SiLU, GELU, Mish and hard swish: f falls to its least value m < 0, and then rises. A
 * z between m and 0 has two x, one on each side of the minimum, and the inverse draws the side:
 *
 *     L = Σ log |f′(x)| + log π(side | z),   log (π(left) / π(right)) = a_c + b_c s + c_c s²,  s = log (m / z) / 4
 *
 * in channel c (the first axis of an example); from 0 on there is only the right one.
 *
 * Exact, and what the rest of the flow puts below m is lost. Hard swish is flat for x ≤ −3, a third side: there z = a_c ε,
 * ε ~ N(0, 1), and the inverse draws −3 − x from a half-normal of scale b_c, as `clip` does; a bound that loses nothing.
 *
 * Float32: next to the minimum x is found again to 1e-3.
 *
 * @example
 * ```ts
 * import { selfGated } from "@flowify/core/layers";
 *
 * const layer = selfGated([4], { function: "silu" });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] true
 * ```
 */
export function selfGated(inShape: Shape, options: SelfGatedOptions): FlowLayer<SelfGatedParams> {
  o.checked("selfGated", inShape, options, schemas);
  const [channels = 0, ...space] = inShape;
  expectSizes("selfGated", { channels, "size of the other axes": sizeOf(space) });
  const { forward, logSlope, inverse, least, end } = foldedOf(options.function);
  /** [C] -> [C, 1, …], which the axes of x are multiplied by. */
  const perChannel = (a: np.Array): np.Array => a.reshape([channels, ...space.map(() => 1)]);
  const noise = end === undefined ? {} : { flat: { shape: inShape, distribution: "normal" as const } };

  /** log (left / right) at z. */
  function oddsOfLeft(coefficients: np.Array, z: np.Array): np.Array {
    const between = np.where(np.less(z.ref, 0), np.greater(z.ref, least.value), false);
    const depth = logSize(np.minimum(z, 0)).neg().add(Math.log(-least.value));
    const s = np.minimum(depth, DEEPEST).div(4);
    const terms = np.stack([np.onesLike(s.ref), s.ref, np.square(s)]); // [3, B, …]
    const own = coefficients.reshape([3, 1, channels, ...space.map(() => 1)]);
    return np.where(between, np.sum(terms.mul(own), 0), NEVER);
  }

  /** log (flat / others) at z, given log (left / right). */
  function oddsOfFlat({ odds, logA, logB }: FlatParams, z: np.Array, left: np.Array): np.Array {
    logB.dispose();
    const size = z.ref.mul(perChannel(np.exp(logA.ref.neg())));
    const density = perChannel(odds.sub(logA)).sub(np.square(size).mul(0.5));
    return density.sub(np.where(np.less(z, least.value), NEVER, softplus(left)));
  }

  return defineLayer<SelfGatedParams>({
    name: "selfGated",
    inShape,
    forwardNoise: noise,
    inverseNoise: { side: { shape: inShape, distribution: "uniform" }, ...noise },
    facts: {
      frozenParameterKinds: {},
      ...(end === undefined && { image: [least.value, Number.POSITIVE_INFINITY] }),
    },
    init: withoutKey(() => ({
      left: np.zeros([3, channels]),
      ...(end !== undefined && {
        flat: {
          odds: np.zeros([channels]),
          logA: np.full([channels], Math.log(NOISE_SCALE)),
          logB: np.zeros([channels]),
        },
      }),
    })),
    forward({ left: coefficients, flat }, x, drawn) {
      const isLeft = np.less(x.ref, least.at);
      const folded = forward(x.ref);
      /** −log π of the side of x. */
      const surprise = (odds: np.Array): np.Array => softplus(np.where(isLeft, odds.ref.neg(), odds));
      if (!flat || end === undefined) {
        // what float32 has at 0 is still on the left
        const below = np.minimum(folded.ref, -SMALLEST);
        const odds = oddsOfLeft(coefficients, np.where(isLeft.ref, below, folded.ref));
        return { z: folded, contribution: sumExamples(logSlope(x).sub(surprise(odds))) };
      }
      const epsilon = (drawn as { flat: np.Array }).flat;
      const isFlat = np.lessEqual(x.ref, end);
      const z = np.where(isFlat.ref, epsilon.ref.mul(perChannel(np.exp(flat.logA.ref))), folded);
      const odds = oddsOfLeft(coefficients, z.ref);
      const ofFlat = oddsOfFlat(treeRef(flat), z.ref, odds.ref);
      const others = logSlope(x.ref).sub(surprise(odds)).sub(softplus(ofFlat.ref));
      const t = np.maximum(x.neg().add(end), 0).mul(perChannel(np.exp(flat.logB.ref.neg())));
      // log q(t) − log r(a ε) + log π(flat | z)
      const forgotten = np
        .square(epsilon)
        .sub(np.square(t))
        .mul(0.5)
        .add(perChannel(flat.logA.sub(flat.logB)).add(Math.LN2))
        .sub(softplus(ofFlat.neg()));
      flat.odds.dispose();
      return { z, contribution: sumExamples(np.where(isFlat, forgotten, others)) };
    },
    inverse({ left: coefficients, flat }, z, { side, flat: epsilon }: { side: np.Array; flat?: np.Array }) {
      const above = np.maximum(z.ref, least.value * BEFORE_ONE);
      const odds = oddsOfLeft(coefficients, flat ? z.ref : above.ref);
      const share = np.exp(softplus(odds.ref.neg()).neg());
      if (!flat || end === undefined || !epsilon) {
        for (const unused of [z, odds]) unused.dispose();
        return inverse(above, np.less(side, share));
      }
      const logB = flat.logB.ref;
      const others = np.exp(softplus(oddsOfFlat(flat, z, odds)).neg());
      const x = inverse(above, np.less(side.ref, share.mul(others.ref)));
      const t = np.absolute(epsilon).mul(perChannel(np.exp(logB)));
      return np.where(np.less(side, others), x, t.neg().add(end));
    },
    async initFromData(key, examples) {
      key.dispose();
      const sums = await examples.sum((x) => {
        const rows = x.reshape([countOf(x), channels, -1]);
        const beyond = np.maximum(rows.ref.neg().add(end ?? 0), 0);
        const counts = [0, least.at, end ?? 0].map((value) => np.less(rows.ref, value).astype(rows.dtype));
        rows.dispose();
        return np.stack([...counts, np.square(beyond)].map((each) => np.sum(each, [0, 2])));
      });
      const at = (row: number, c: number): number => nth(sums, row * channels + c);
      const each = (f: (c: number) => number): Float32Array =>
        Float32Array.from({ length: channels }, (_, c) => f(c));
      const flats = (c: number): number => (end === undefined ? 0 : at(2, c));
      const left = new Float32Array(3 * channels);
      left.set(each((c) => Math.log((at(1, c) - flats(c) + 1) / (at(0, c) - at(1, c) + 1))));
      if (end === undefined) return { left: floats(left, [3, channels]) };
      const logB = each((c) => 0.5 * Math.log((at(3, c) + 1) / (flats(c) + 1)));
      const all = examples.count * sizeOf(space);
      return {
        left: floats(left, [3, channels]),
        flat: {
          odds: floats(each((c) => Math.log((flats(c) + 1) / (all + 1)))),
          logA: floats(logB.map((b) => b + Math.log(NOISE_SCALE))),
          logB: floats(logB),
        },
      };
    },
  });
}

export const selfGatedKind = defineKind({
  kind: "selfGated",
  options: schemas,
  flow: selfGated,
  apply: (x, own) => foldedOf(own.function).forward(x),
});
