import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { gaussian } from "../densities/gaussian.js";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, type NoParams, withoutKey } from "../layer.js";
import { nth } from "../lists.js";
import { log } from "../math/log.js";
import { sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import { rearrangement } from "../rearrangement.js";
import { countOf, expectSizes, type Shape, sameShape, showShape, sizeOf } from "../shape.js";
import { type AppendedFunction, append } from "./append.js";
import { defineKind } from "./kind.js";
import { opaque } from "./opaque.js";
import { parallel } from "./parallel.js";
import { reshape } from "./reshape.js";
import { split } from "./split.js";
import { take } from "./take.js";

const schemas = {
  /** What becomes of the outputs: their sum, the product of two (a gate), their matrix product, or all one after the other. */
  join: o.oneOf("add", "multiply", "matmul", "concat"),
  /** The axis of an example along which `concat` joins. Default 0 (channels, features). */
  axis: o.optional(o.index),
};
export type BranchesOptions = Omit<o.Options<typeof schemas>, "join"> & {
  join: "add" | "multiply" | "concat";
  /** The density of the other outputs given the sum or the product. Default a Gaussian. */
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
 *     multiply z = u₁ u₂, u₂ dropped                          L = Σ log |u₂| + log q(u₂ | z)
 *
 * A bound; normalized where the layers are. In deterministic mode it is the sum (the product, the concatenation) of what the
 * layers give for x. The inverse takes x from the first: the one that holds most of it should come first.
 *
 * Errors: `ShapeError` for fewer than two layers, for a product of more, and where inputs or outputs do not fit each other.
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
  const { join, logA } = o.checked("branches", [], options, schemas, "density", "logA");
  expectSame(
    "take",
    parts.map((part) => part.inShape),
  );
  expectJoin(
    join,
    parts.map((part) => part.outShape),
  );
  const first = nth(parts, 0);
  const [channels = 0, ...space] = first.inShape;
  expectSizes("branches", { channels, "size of the other axes": sizeOf(space) });
  const indices = parts.flatMap(() => Array.from({ length: channels }, (_, c) => c));
  const copied = nth(take(first.inShape, { indices, ...(logA !== undefined && { logA }) }).layers, 0);
  return chain([copied, ...beside(parts, options)], "branches");
}

/** Layers on parts of x, and what becomes of their results. */
function beside(parts: readonly FlowLayer[], { join, axis = 0, density }: BranchesOptions): FlowLayer[] {
  if (join === "concat") return [parallel(parts, { outAxis: axis })];
  const joined = parallel(parts);
  const channels = nth(nth(parts, 0).outShape, 0);
  const leaving = (parts.length - 1) * channels;
  return [
    joined,
    joinedBy(join, joined.outShape, channels),
    split(joined.outShape, { leaving, ...(density && { density }) }),
  ];
}

/** The shapes of parts of x, consecutive entries of its first axis. */
function shapesOf(
  inShape: Shape,
  chains: readonly (readonly o.InnerLayer[])[],
  sizes?: readonly number[],
): Shape[] {
  if (!sizes) return chains.map(() => inShape);
  const [channels = 0, ...space] = inShape;
  const sum = sizes.reduce((a, b) => a + b, 0);
  if (sizes.length !== chains.length || sum !== channels)
    throw new ShapeError(
      `branches: parts of [${sizes.join(", ")}] for ${chains.length} branches of ${channels} entries`,
    );
  return sizes.map((n) => [n, ...space]);
}

function expectSame(side: "take" | "give", shapes: readonly Shape[]): void {
  for (const [i, shape] of shapes.entries())
    if (!sameShape(shape, nth(shapes, 0)))
      throw new ShapeError(
        `branches: all must ${side} the same, the first has ${showShape(nth(shapes, 0))}, that of index ${i} ${showShape(shape)}`,
      );
}

function expectJoin(join: BranchesOptions["join"], shapes: readonly Shape[]): void {
  if (shapes.length < 2) throw new ShapeError(`branches: needs two layers at least, got ${shapes.length}`);
  if (join === "multiply" && shapes.length > 2)
    throw new ShapeError(`branches: multiplies two layers, got ${shapes.length}`);
  if (join !== "concat") expectSame("give", shapes);
}

const joinedBy = (join: "add" | "multiply", shape: Shape, channels: number): FlowLayer =>
  join === "add" ? total(shape, channels) : product(shape, channels);

/** Most numbers that a density of all others sees. */
const MOST_SEEN = 1024;

/** Sizes of the hidden layers of the density of what a function gave. */
const HIDDEN = [64, 64];

/** One layer carries x, and the results of functions are joined with its own. */
function carried(
  first: FlowLayer,
  functions: readonly AppendedFunction[],
  { join, axis = 0, density = gaussian, place }: Omit<BranchesOptions, "logA"> & { place: number },
): ChainLayer {
  if (join === "concat") return chain([append(first, functions, { axis, place })], "branches");
  const appended = append(first, functions);
  const [channels = 0, ...space] = first.outShape;
  const leaving = functions.length * channels;
  const small: ConditionalDensityFactory = (size, context) => density(size, context, { hidden: HIDDEN });
  const behind = [appended, joinedBy(join, appended.outShape, channels)];
  const places = sizeOf(space);
  if (space.length === 2 && places > 1)
    return chain([...behind, split(appended.outShape, { leaving, window: 3, density: small })], "branches");
  const isFlat = places > 1 && channels * places <= MOST_SEEN;
  if (!isFlat) return chain([...behind, split(appended.outShape, { leaving, density: small })], "branches");
  const flat = [sizeOf(appended.outShape)];
  return chain(
    [
      ...behind,
      reshape(appended.outShape, flat),
      split(flat, { leaving: leaving * places, density: small }),
      reshape([channels * places], first.outShape),
    ],
    "branches",
  );
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

/** Numbers that a product is divided by are not less. */
const SMALLEST = 2 ** -60;

/** (u₁, u₂) ↦ (u₁ u₂, u₂), L = Σ log |u₂|. */
function product(shape: Shape, channels: number): FlowLayer {
  const parts = (a: np.Array): readonly [first: np.Array, gate: np.Array] => {
    const gate = a.ref.slice([], [channels, 2 * channels]);
    const size = np.maximum(np.absolute(gate.ref), SMALLEST);
    return [a.slice([], [0, channels]), np.where(np.less(gate, 0), size.ref.neg(), size)];
  };
  return defineLayer<NoParams>({
    name: "product",
    inShape: shape,
    init: withoutKey(() => ({})),
    forward(_params, x) {
      const [first, gate] = parts(x);
      const contribution = sumExamples(log(np.absolute(gate.ref)));
      return { z: np.concatenate([first.mul(gate.ref), gate], 1), contribution };
    },
    inverse(_params, z) {
      const [first, gate] = parts(z);
      return np.concatenate([first.div(gate.ref), gate], 1);
    },
  });
}

/** Of two stacks of matrices, [..., m, n] and [..., n, p], that of their products. */
function productShape(shapes: readonly Shape[]): Shape {
  const [a = [], b = []] = shapes;
  const stacks = [a, b].map((shape) => shape.slice(0, -2).join());
  if (shapes.length !== 2 || a.length < 2 || a.at(-1) !== b.at(-2) || stacks[0] !== stacks[1])
    throw new ShapeError(
      `branches: no matrices to multiply, ${shapes.map((shape) => showShape(shape)).join(" and ")}`,
    );
  return [...a.slice(0, -1), nth(b, b.length - 1)];
}

export const branchesKind = defineKind({
  kind: "branches",
  options: {
    /** The layers of each branch; none are the identity. */
    branches: o.chains,
    ...schemas,
    /**
     * The branch that carries x. Only the results of the others are appended, with noise, and they may be any functions. Default
     * none: each branch is a flow of a copy of x, and the first holds it.
     */
    carry: o.optional(o.index),
    /** How many entries of the first axis each branch takes, one after the other. Default: each takes all of x. */
    parts: o.optional(o.listOf(o.size, 2)),
  },
  flow(inShape, { branches: chains, carry, join, parts, ...own }, { build, density, plain }) {
    const part = (layers: readonly o.InnerLayer[], shape: Shape): FlowLayer =>
      layers.length > 0 ? chain(build(layers, shape)) : reshape(shape, shape);
    if (carry === undefined && join !== "matmul") {
      const shapes = shapesOf(inShape, chains, parts);
      const layers = chains.map((each, i) => part(each, nth(shapes, i)));
      if (!parts) return branches(layers, { ...own, join, density });
      expectJoin(
        join,
        layers.map(({ outShape }) => outShape),
      );
      return chain(beside(layers, { ...own, join, density }), "branches");
    }
    if (parts) throw new ShapeError("branches: carry and matmul take all of x, not parts");
    const functions = chains.map((layers) => ({
      outShape: plain.outShape(layers, inShape),
      apply: (x: np.Array) => plain.apply(layers, x),
    }));
    const shapes = functions.map(({ outShape }) => outShape);
    if (join === "matmul") {
      const outShape = productShape(shapes);
      const [a, b] = [nth(functions, 0), nth(functions, 1)];
      const product = { outShape, apply: (x: np.Array) => np.matmul(a.apply(x.ref), b.apply(x)) };
      return chain(opaque(inShape, product, { density }).layers, "branches");
    }
    expectJoin(join, shapes);
    const others = functions.filter((_, i) => i !== carry);
    if (carry === undefined || others.length === functions.length)
      throw new ShapeError(`branches: there is no branch ${carry} to carry x`);
    return carried(part(nth(chains, carry), inShape), others, { ...own, join, density, place: carry });
  },
  outShape(inShape, { branches: chains, join, axis = 0, parts }, { outShape }) {
    const shapes = shapesOf(inShape, chains, parts);
    const [first = inShape, ...others] = chains.map((layers, i) => outShape(layers, nth(shapes, i)));
    if (join === "matmul") return productShape([first, ...others]);
    if (join !== "concat") return first;
    return first.map((n, i) => (i === axis ? others.reduce((sum, s) => sum + nth(s, axis), n) : n));
  },
  apply(x, { branches: chains, join, axis = 0, parts }, { apply }) {
    const ends = parts?.map((_, i) => parts.slice(0, i + 1).reduce((a, b) => a + b, 0)).slice(0, -1);
    const taken = ends ? np.split(x, ends, 1) : [...chains.slice(1).map(() => x.ref), x];
    const results = chains.map((layers, i) => apply(layers, nth(taken, i)));
    if (join === "concat") return np.concatenate(results, axis + 1);
    const joined = { add: np.add, multiply: np.multiply, matmul: np.matmul }[join];
    return results.reduce((all, each) => joined(all, each));
  },
});
