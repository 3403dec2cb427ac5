import { numpy as np } from "@jax-js/jax";
import type { ConditionalDensity, ConditionalDensityFactory } from "../densities/conditional.js";
import { gaussian } from "../densities/gaussian.js";
import { ShapeError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { nth } from "../lists.js";
import { sumExamples } from "../math/numerics.js";
import { rowsWithCondition } from "../nn/with-condition.js";
import { mapTreeOfNoise, type NoiseTree } from "../noise.js";
import * as o from "../options.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import { padded } from "./pad.js";

/** Parameters of the density of what leaves. */
export type SplitParams = { dropped: ArrayTree };

const schemas = {
  /** How many channels leave, the last ones. Default half of them, rounded down. */
  leaving: o.optional(o.size),
};
export type SplitOptions = o.Options<typeof schemas> & {
  /** The density of the channels that leave, given those that stay at the same place. Default a Gaussian. */
  density?: ConditionalDensityFactory;
  /** Numbers of a condition that this density sees as well. Default none. */
  condition?: number;
  /** Of an image: rows and columns of the square around a place that this density sees. An odd number, default 1. */
  window?: number;
};

/**
 * z = the first channels of x; L = Σ over places of log q(the other channels there | z there).
 *
 * The multi-scale split: a part of the channels leaves early, and the layers after it work on the
 * rest. A reducing layer without a rotation. Exact; forward(inverse(z)) = z. With `window` the density sees z around the place, too.
 *
 * Errors: `ShapeError` where none would leave or none would stay, and for a window of what is no image.
 * Source: Dinh et al. 2017 (arXiv:1605.08803), section 3.6; Kingma and Dhariwal 2018 for the conditional density.
 *
 * @example
 * ```ts
 * import { split } from "@flowify/core/layers";
 *
 * const layer = split([4, 8, 8], { leaving: 1 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4, 8, 8 ] [ 3, 8, 8 ] true
 * ```
 */
export function split(inShape: Shape, options: SplitOptions = {}): FlowLayer<SplitParams> {
  o.checked("split", inShape, options, schemas, "density", "condition", "window");
  const [channels = 0, ...space] = inShape;
  const {
    leaving = Math.floor(channels / 2),
    density: factory = gaussian,
    condition = 0,
    window = 1,
  } = options;
  expectSizes("split", { "number of leaving channels": leaving, "size of the other axes": sizeOf(space) });
  if (leaving >= channels)
    throw new ShapeError(`split: ${leaving} of ${channels} channels leaving leaves none behind`);
  const kept = channels - leaving;
  const places = sizeOf(space);
  const outShape = [kept, ...space];
  const around = (window - 1) / 2;
  if (window > 1 && (space.length !== 2 || window % 2 === 0))
    throw new ShapeError(`split: a window of ${window} sees images, and is odd; got ${showShape(inShape)}`);
  const density: ConditionalDensity = factory(leaving, kept * window ** 2 + condition);
  /** [B, c, …space] -> [B · places, c] */
  const toRows = (a: np.Array): np.Array => {
    const c = nth(a.shape, 1);
    return space.length === 0 ? a : np.moveaxis(a.reshape([-1, c, places]), 1, 2).reshape([-1, c]);
  };
  /** [B · places, c] -> [B, c, …space] */
  const toImages = (rows: np.Array): np.Array => {
    const c = nth(rows.shape, 1);
    return space.length === 0
      ? rows
      : np.moveaxis(rows.reshape([-1, places, c]), 2, 1).reshape([-1, c, ...space]);
  };
  /** [B, kept, …space] -> [B · places, window² · kept] */
  const context = (z: np.Array): np.Array => {
    if (window === 1) return toRows(z);
    const [height, width] = space as [number, number];
    const wide = padded(
      z,
      space.map(() => [around, around] as const),
    );
    const moved = Array.from({ length: window ** 2 }, (_, i) => {
      const [row, column] = [Math.floor(i / window), i % window];
      return wide.ref.slice([], [], [row, row + height], [column, column + width]);
    });
    wide.dispose();
    return toRows(np.concatenate(moved, 1));
  };
  const noiseRows = (noise: NoiseTree): NoiseTree =>
    mapTreeOfNoise(noise, (a: np.Array) => a.reshape([-1, ...a.shape.slice(1 + space.length)]));
  return defineLayer<SplitParams>({
    name: "split",
    inShape,
    outShape,
    inverseNoise: Object.fromEntries(
      Object.entries(density.noise).map(([name, noise]) => [
        name,
        { ...noise, shape: [...space, ...noise.shape] },
      ]),
    ),
    ...(condition > 0 && { condition: [condition] }),
    parameterKinds: { dropped: density.parameterKinds },
    facts: { frozenParameterKinds: { dropped: density.parameterKinds } },
    init: (key) => ({ dropped: density.init(key) }),
    forward({ dropped }, x, _noise, given) {
      const batch = countOf(x);
      const z = x.ref.slice([], [0, kept]);
      const leavingRows = toRows(x.slice([], [kept, channels]));
      const logs = density.logProb(dropped, leavingRows, rowsWithCondition(context(z.ref), given, places)); // [B · places]
      return { z, contribution: sumExamples(logs.reshape([batch, places])) };
    },
    inverse({ dropped }, z, noise, given) {
      const drawn = density.draw(dropped, rowsWithCondition(context(z.ref), given, places), noiseRows(noise));
      return np.concatenate([z, toImages(drawn)], 1);
    },
    async initFromData(key, examples) {
      const left = rowsOf(examples, (x) => toRows(x.slice([], [kept, channels])), leaving, places);
      const seen = rowsOf(examples, (x) => context(x.slice([], [0, kept])), kept * window ** 2, places);
      return { dropped: await density.start(key, left, seen) };
    },
  });
}

export const splitKind = defineKind({
  kind: "split",
  options: schemas,
  flow: (inShape, own, { density, condition = 0 }) => split(inShape, { ...own, density, condition }),
  outShape: ([channels = 0, ...space], { leaving = Math.floor(channels / 2) }) => [
    channels - leaving,
    ...space,
  ],
});
