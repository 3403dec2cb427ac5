import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import type { ConditionalDensityFactory } from "../densities/conditional.js";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { LOG_2PI, sumExamples } from "../math/numerics.js";
import * as o from "../options.js";
import { expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import { permuteChannels } from "./permute-channels.js";
import { reshape } from "./reshape.js";
import { split } from "./split.js";

const schemas = {
  /** Entry i of the result is entry `indices[i]` of the first axis. */
  indices: o.listOf(o.index, 1),
};
export type TakeOptions = o.Options<typeof schemas> & {
  /** The density of the entries that are left out, given the others at the same place. Default a Gaussian. */
  density?: ConditionalDensityFactory;
  /** Numbers of a condition that this density sees as well. Default none. */
  condition?: number;
  /** Start value of log a without data. Default log 0.1. */
  logA?: number;
};

/**
 * z[i, …] = x[indices[i], …]: entries of the first axis of an example (channels, or the entries of a vector) in
 * another order, some of them left out, some repeated:
 *
 *     left out    dropped                                     L = Σ over places of log q(left out | the others there)
 *     repeated    the first is x, the others x + a ε, ε ~ N(0, 1)    L = −Σ log N(a ε; 0, a²)
 *
 * Exact where nothing is repeated, else a bound. The inverse takes the first of repeated entries.
 *
 * Errors: `ShapeError` for an index that the axis lacks.
 *
 * @example
 * ```ts
 * import { take } from "@flowify/core/layers";
 *
 * const layer = take([4, 8, 8], { indices: [2, 0] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4, 8, 8 ] [ 2, 8, 8 ] true
 * ```
 */
export function take(inShape: Shape, options: TakeOptions): ChainLayer {
  o.checked("take", inShape, options, schemas, "density", "condition", "logA");
  const { indices, logA, ...ofDropped } = options;
  const [channels = 0, ...space] = inShape;
  expectSizes("take", { channels, "size of the other axes": sizeOf(space) });
  const wrong = indices.find((index) => index >= channels);
  if (wrong !== undefined) throw new ShapeError(`take: index ${wrong} of ${channels} entries`);
  const kept = [...new Set(indices)];
  const placeOf = new Map(kept.map((index, place) => [index, place]));
  const dropped = Array.from({ length: channels }, (_, c) => c).filter((c) => !placeOf.has(c));
  /** Sources of the copies, and the place of each entry of the result behind them. */
  const again: number[] = [];
  const seen = new Set<number>();
  const places = indices.map((index) => {
    const place = placeOf.get(index) as number;
    if (!seen.has(index)) return seen.add(index) && place;
    return kept.length + again.push(place) - 1;
  });
  const layers: FlowLayer[] = [];
  const add = (layer: (shape: Shape) => FlowLayer): void => {
    layers.push(layer(layers.at(-1)?.outShape ?? inShape));
  };
  const order = (wanted: readonly number[]): void => {
    if (wanted.some((from, to) => from !== to)) add((shape) => permuteChannels(shape, { order: wanted }));
  };
  order([...kept, ...dropped]);
  if (dropped.length > 0) add((shape) => split(shape, { leaving: dropped.length, ...ofDropped }));
  if (again.length > 0) add((shape) => copies(shape, again, logA ?? Math.log(NOISE_SCALE)));
  order(places);
  if (layers.length === 0) add((shape) => reshape(shape, shape));
  return chain(layers, "take");
}

/** log a, the scale of what tells the copies apart. */
type CopiesParams = { logA: np.Array };

/** The scale of the copies' noise, relative to the standard deviation of x, where it starts from data. */
const NOISE_SCALE = 0.1;

/** z = x, and behind it copies x[sources] + a ε along the first axis of an example; the inverse forgets them. */
function copies(inShape: Shape, sources: readonly number[], logA: number): FlowLayer<CopiesParams> {
  const [channels = 0, ...space] = inShape;
  const noise = [sources.length, ...space];
  const outShape = [channels + sources.length, ...space];
  return defineLayer<CopiesParams>({
    name: "copies",
    inShape,
    outShape,
    forwardNoise: { copies: { shape: noise, distribution: "normal" } },
    facts: { frozenParameterKinds: {} },
    init: withoutKey(() => ({ logA: np.full([], logA) })),
    forward(params, x, { copies: epsilon }: { copies: np.Array }) {
      const fixed = params.logA.ref.add(0.5 * LOG_2PI).mul(sizeOf(noise));
      const contribution = sumExamples(np.square(epsilon.ref)).mul(0.5).add(fixed);
      const others = np.take(x.ref, np.array([...sources], { dtype: np.int32 }), 1);
      const z = np.concatenate([x, others.add(epsilon.mul(np.exp(params.logA)))], 1);
      return { z, contribution };
    },
    inverse({ logA: unused }, z) {
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

export const takeKind = defineKind({
  kind: "take",
  options: schemas,
  flow: (inShape, own, { density, condition = 0 }) => take(inShape, { ...own, density, condition }),
  outShape: ([, ...space], { indices }) => [indices.length, ...space],
  apply: (x, { indices }) => np.take(x, np.array([...indices], { dtype: np.int32 }), 1),
});
