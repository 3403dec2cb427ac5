import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import { ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { sumExamples } from "../math/numerics.js";
import type { Windows } from "../math/windows.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { Shape } from "../shape.js";
import { imageShape, imageWindows, patches } from "./image-windows.js";
import { defineKind } from "./kind.js";
import { type PadAmounts, padded } from "./pad.js";

import { tile } from "./tile.js";

const schemas = {
  kernel: o.pair,
  /** Default 1. */
  stride: o.optional(o.pair),
  /** Distance between the entries of a window. Default 1. */
  dilation: o.optional(o.pair),
  /** Rows and columns around the image, which are never the maximum: one number for all sides, or an amount each. Default 0. */
  padding: o.optional(o.around(o.sides)),
};
export type MaxPool2dOptions = o.Options<typeof schemas> & {
  /** Start value of log a, the scale of the noise of copies where windows overlap. Default log 0.1. */
  logA?: number;
};

/** log b of every channel [C], the scale of how far the others lie below a maximum. */
type LargestParams = { logB: np.Array };

/**
 * Max pooling [C, H, W] ↦ [C, rows, columns] = the largest entry of each patch of `tile`, k entries a
 * window (those in the padding left out):
 *
 *     L = that of the tile + Σ over windows of −log k + Σ over the others of log q(z − x),
 *
 * q half-normal of a learnt scale b_c for each channel. The inverse draws which entry is the maximum
 * (uniform) and by how much the others lie below it.
 *
 * A bound where windows overlap, else exact; normalized. In deterministic mode it is the ordinary max pooling.
 * Errors: `ShapeError` where a window does not fit, or would lie in the padding alone.
 *
 * @example
 * ```ts
 * import { maxPool2d } from "@flowify/core/layers";
 *
 * const layer = maxPool2d([3, 8, 8], { kernel: 2, stride: 2 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3, 8, 8 ] [ 3, 4, 4 ] true
 * ```
 */
export function maxPool2d(inShape: Shape, options: MaxPool2dOptions): ChainLayer {
  o.checked("maxPool2d", inShape, options, schemas, "logA");
  const { channels, around, windows } = imageWindows("maxPool2d", inShape, options, 0);
  const present = presence(windows, inShape, around);
  const tiled = tile(inShape, windows, { ...options, around });
  return chain([tiled, largest(tiled.outShape, channels, present)], "maxPool2d");
}

/** Which entries of each window lie in the image. */
type Presence = Readonly<{
  /** For each window, its entries' places among those in the image, −1 for others: [rows · columns][k]. */
  ranks: readonly (readonly number[])[];
  /** How many they are. */
  counts: readonly number[];
}>;

function presence(
  [rows, columns]: Windows,
  [, height = 0, width = 0]: Shape,
  { top = 0, left = 0 }: PadAmounts,
): Presence {
  const ranks: number[][] = [];
  for (let i = 0; i < rows.count; i++)
    for (let j = 0; j < columns.count; j++) {
      let found = 0;
      const own: number[] = [];
      for (let a = 0; a < rows.size; a++)
        for (let b = 0; b < columns.size; b++) {
          const y = i * rows.stride + a * rows.dilation - top;
          const x = j * columns.stride + b * columns.dilation - left;
          own.push(y >= 0 && y < height && x >= 0 && x < width ? found++ : -1);
        }
      if (found === 0) throw new ShapeError(`maxPool2d: window ${i}, ${j} lies in the padding alone`);
      ranks.push(own);
    }
  return { ranks, counts: ranks.map((own) => own.filter((rank) => rank >= 0).length) };
}

/** Below all numbers that pictures hold, and finite: differences from it are. */
const NOTHING = -1e30;

/** Patches [rows, columns, C·k] ↦ the largest entry of each channel, [C, rows, columns]. */
function largest(inShape: Shape, channels: number, { ranks, counts }: Presence): FlowLayer<LargestParams> {
  const [rows = 0, columns = 0, n = 0] = inShape;
  const k = n / channels;
  const outShape = [channels, rows, columns];
  const perChannel = (a: np.Array): np.Array => a.reshape([channels, 1]);
  const constant = (values: readonly number[], last: number, like: np.Array): np.Array =>
    floats(Float32Array.from(values), [1, rows, columns, 1, last]).astype(like.dtype);
  const inside = (like: np.Array): np.Array => np.greaterEqual(constant(ranks.flat(), k, like), 0);
  const below = counts.reduce((sum, count) => sum + count - 1, 0);
  const choices = channels * counts.reduce((sum, count) => sum + Math.log(count), 0);

  /** The maxima [B, rows, columns, C, 1] and how far each entry lies below, 0 beyond the image. */
  const split = (x: np.Array): { top: np.Array; gaps: np.Array } => {
    const values = x.reshape([-1, rows, columns, channels, k]);
    const top = np.max(np.where(inside(values), values.ref, NOTHING), 4, { keepdims: true });
    return { gaps: np.where(inside(values), top.ref.sub(values), 0), top };
  };

  return defineLayer<LargestParams>({
    name: "largest",
    inShape,
    outShape,
    inverseNoise: {
      gaps: { shape: [rows, columns, channels, k], distribution: "normal" },
      choice: { shape: [rows, columns, channels, 1], distribution: "uniform" },
    },
    facts: { frozenParameterKinds: {} },
    init: withoutKey(() => ({ logB: np.zeros([channels]) })),
    forward({ logB }, x) {
      const { top, gaps } = split(x);
      // the maximum itself has a gap of 0, whose density is not counted: k − 1 half-normal ones are left
      const scales = np
        .sum(logB.ref)
        .neg()
        .add(0.5 * channels * Math.log(2 / Math.PI))
        .mul(below)
        .sub(choices);
      const squares = np.square(gaps.mul(perChannel(np.exp(logB.neg()))));
      const z = np.transpose(top.reshape([-1, rows, columns, channels]), [0, 3, 1, 2]);
      return { z, contribution: sumExamples(squares).mul(-0.5).add(scales) };
    },
    inverse({ logB }, z, { gaps, choice }: { gaps: np.Array; choice: np.Array }) {
      const top = np.transpose(z, [0, 2, 3, 1]).reshape([-1, rows, columns, channels, 1]);
      const chosen = np.equal(np.floor(choice.mul(constant(counts, 1, top))), constant(ranks.flat(), k, top));
      const others = top.ref.sub(np.absolute(gaps).mul(perChannel(np.exp(logB))));
      return np.where(chosen, top, others).reshape([-1, ...inShape]);
    },
    async initFromData(key, examples) {
      key.dispose();
      const sums = await examples.sum((x) => {
        const { top, gaps } = split(x);
        top.dispose();
        return np.sum(np.square(gaps), [0, 1, 2, 4]);
      });
      const all = examples.count * Math.max(below, 1);
      const average = Math.sqrt(sums.reduce((a, b) => a + b, 0) / channels / all) || 1;
      const own = sums.map((sum) => Math.sqrt(sum / all));
      return { logB: floats(Float32Array.from(own, (b) => Math.log(b > LEAST * average ? b : average))) };
    },
  });
}

/** A scale below this part of the average says nothing. */
const LEAST = 1e-3;

export const maxPool2dKind = defineKind({
  kind: "maxPool2d",
  options: schemas,
  flow: maxPool2d,
  outShape(inShape, own) {
    const { channels, windows } = imageWindows("maxPool2d", inShape, own, 0);
    return imageShape(channels, windows);
  },
  apply(x, own) {
    const { pads, windows } = imageWindows("maxPool2d", x.shape.slice(1), own, 0);
    return np.max(patches(padded(x, pads, Number.NEGATIVE_INFINITY), windows), 4);
  },
});
