import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { nth } from "../lists.js";
import { LOG_2PI, sumExamples } from "../math/numerics.js";
import { rearrangement } from "../rearrangement.js";
import { countOf, expectShape, expectSizes, type Shape, sameShape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import * as o from "./options.js";
import { parallel } from "./parallel.js";
import { reshape } from "./reshape.js";
import { split } from "./split.js";

const schemas = {
  /** The layers of each branch; none are the identity. */
  branches: o.chains,
  /** What becomes of the outputs: their sum, or all of them one after the other. */
  join: o.oneOf("add", "concat"),
  /** The axis of an example along which `concat` joins. Default 0 (channels, features). */
  axis: o.optional(o.index),
};
export type BranchesOptions = Omit<o.Options<typeof schemas>, "branches"> & {
  /** `add`: the density of the other outputs given the sum. Default a Gaussian. */
  density?: ConditionalDensityFactory;
  /** Start value of log a without data. Default log 0.1. */
  logA?: number;
};

/**
 * Several layers on the same x, their outputs added or concatenated: a residual connection x + f(x) is the
 * sum of the identity (`chain` of nothing: `reshape` to the same shape) and f.
 *
 *     copies   (x, x + a ε₂, …, x + a ε_N),  ε ~ N(0, 1)      L = −Σ log N(a ε; 0, a²)
 *     layers   side by side                                   L = the sum of theirs
 *     add      z = Σ u_i, the others u₂ … u_N dropped         L = log q(u₂ … u_N | z), place by place
 *
 * A bound; normalized where the layers are. In deterministic mode it is the sum (or the concatenation) of what the
 * layers give for x. The inverse takes x from the first: the one that holds most of it should come first.
 *
 * Errors: `ShapeError` for fewer than two layers, and where inputs or outputs do not fit each other.
 *
 * @example
 * ```ts
 * import { chain } from "@flowify/core";
 * import { branches, leakyRelu, linear, reshape } from "@flowify/core/layers";
 *
 * // x + f(x), a residual connection
 * const f = chain([linear(4, 4), leakyRelu([4])]);
 * const layer = branches([reshape([4], [4]), f], { join: "add" });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] false
 * ```
 */
export function branches(parts: readonly FlowLayer[], options: BranchesOptions): ChainLayer {
  const { join, axis = 0, density, logA = Math.log(0.1) } = options;
  const [first, second] = parts;
  if (!first || !second) throw new ShapeError(`branches: needs two layers at least, got ${parts.length}`);
  for (const [side, shapes] of [
    ["take", parts.map((part) => part.inShape)],
    ["give", join === "add" ? parts.map((part) => part.outShape) : []],
  ] as const)
    for (const [i, shape] of shapes.entries())
      if (!sameShape(shape, shapes[0] as Shape))
        throw new ShapeError(
          `branches: all must ${side} the same, the first has ${showShape(shapes[0] as Shape)}, that of index ${i} ${showShape(shape)}`,
        );
  const copied = copies(first.inShape, parts.length, logA);
  if (join === "concat") return chain([copied, parallel(parts, { outAxis: axis })], "branches");
  const [channels = 0] = first.outShape;
  const others = (parts.length - 1) * channels;
  const joined = parallel(parts);
  return chain(
    [
      copied,
      joined,
      total(joined.outShape, channels),
      split(joined.outShape, { leaving: others, ...(density && { density }) }),
    ],
    "branches",
  );
}

/** log a, the scale of what tells the copies apart. */
type CopiesParams = { logA: np.Array };

/** The scale of the copies' noise, relative to the standard deviation of x, where it starts from data. */
const NOISE_SCALE = 0.1;

/** z = x and N − 1 copies x + a ε, along the first axis of an example; the inverse takes the first. */
function copies(inShape: Shape, count: number, logA: number): FlowLayer<CopiesParams> {
  const [channels = 0, ...space] = inShape;
  expectSizes("branches", { channels, "size of the other axes": sizeOf(space) });
  const noise = [(count - 1) * channels, ...space];
  const outShape = [count * channels, ...space];
  return defineLayer<CopiesParams>({
    name: "copies",
    inShape,
    outShape,
    forwardNoise: { copies: { shape: noise, distribution: "normal" } },
    facts: { frozenParameterKinds: {} },
    init: withoutKey(() => ({ logA: np.full([], logA) })),
    forward(params, x, drawn) {
      expectShape("branches", "x", x, inShape);
      const epsilon = (drawn as { copies: np.Array }).copies;
      const fixed = params.logA.ref.add(0.5 * LOG_2PI).mul(sizeOf(noise));
      const contribution = sumExamples(np.square(epsilon.ref)).mul(0.5).add(fixed);
      const others = np.concatenate(
        new Array<np.Array>(count - 1).fill(x).map((copy) => copy.ref),
        1,
      );
      const z = np.concatenate([x, others.add(epsilon.mul(np.exp(params.logA)))], 1);
      return { z, contribution };
    },
    inverse({ logA: unused }, z) {
      expectShape("branches", "z", z, outShape);
      unused.dispose();
      return z.slice([], [0, channels]);
    },
    async initFromData(key, examples) {
      key.dispose();
      const [sum = 0, squares = 0] = await examples.sum((x) =>
        np.stack([np.sum(x.ref), np.sum(np.square(x))]),
      );
      const numbers = examples.count * sizeOf(inShape);
      const variance = squares / numbers - (sum / numbers) ** 2;
      return {
        logA: np.full([], variance > 1e-12 ? 0.5 * Math.log(variance) + Math.log(NOISE_SCALE) : logA),
      };
    },
  });
}

/** (u₁, u₂, …) ↦ (Σ u_i, u₂, …): a shear, of volume 1. */
function total(shape: Shape, channels: number): FlowLayer {
  const [all = 0] = shape;
  /** The first block, and the sum of the others for it. */
  const parts = (a: np.Array): { first: np.Array; rest: np.Array; sum: np.Array } => {
    const rest = a.ref.slice([], [channels, all]);
    const sum = np.sum(rest.ref.reshape([countOf(a), -1, channels, ...shape.slice(1)]), 1);
    return { first: a.slice([], [0, channels]), rest, sum };
  };
  return rearrangement(
    "total",
    shape,
    shape,
    (x) => {
      const { first, rest, sum } = parts(x);
      return np.concatenate([first.add(sum), rest], 1);
    },
    (z) => {
      const { first, rest, sum } = parts(z);
      return np.concatenate([first.sub(sum), rest], 1);
    },
    false,
  );
}

export const branchesKind = defineKind({
  kind: "branches",
  options: schemas,
  flow(inShape, { branches: chains, ...own }, { build, density }) {
    const parts = chains.map((layers) =>
      layers.length > 0 ? chain(build(layers, inShape)) : reshape(inShape, inShape),
    );
    return branches(parts, { ...own, density });
  },
  outShape(inShape, { branches: chains, join, axis = 0 }, { outShape }) {
    const [first = inShape, ...others] = chains.map((layers) => outShape(layers, inShape));
    if (join === "add") return first;
    return first.map((n, i) => (i === axis ? others.reduce((sum, s) => sum + nth(s, axis), n) : n));
  },
  apply(x, { branches: chains, join, axis = 0 }, { apply }) {
    const results = chains.map((layers) => apply(layers, x.ref));
    x.dispose();
    if (join === "concat") return np.concatenate(results, axis + 1);
    return results.reduce((sum, each) => sum.add(each));
  },
});
