import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { rowsOf } from "../init/calibration-data.js";
import { copyNoise } from "../init/copies.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { nth } from "../lists.js";
import { LOG_2PI, perExample, sumExamples } from "../math/numerics.js";
import { fold, multiplicity, unfold, type Windows, windowReach } from "../math/windows.js";
import { floats } from "../params/host.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import type { PadAmounts } from "./pad.js";
import { type GapParams, gapModel } from "./tile-gaps.js";

/** log a, the scale of the copies' noise (where pixels overlap); the model of pixels in no patch. */
export type TileParams = { logA?: np.Array; gaps?: GapParams };

/** Examples whose patches determine the scale: one number needs fewer than a whitening. */
const ENOUGH = 512;

export type TileOptions = {
  /** Start value of log a. Default log 0.1 (the paper's). */
  logA?: number;
  /** The data-dependent start replaces it by the scale with which patches are the most probable. Default false. */
  scaleFromData?: boolean;
  /** Rows and columns beyond the image that windows reach over. There is nothing: entries there hold 0 and are no copies. */
  around?: PadAmounts;
};

/**
 * z = the patches of x, [rows, columns, C·kh·kw]: each pixel copied into the N patches that it lies
 * in, with noise in the directions orthogonal to "all copies equal",
 *
 *     copies = x·1 + √N a (ε − mean ε),   ε ~ N(0, 1) a copy
 *     L = Σ over pixels of (N/2) log N + (N−1)(½ log 2π + log a) + ½ ‖ε − mean ε‖²
 *
 * Inverse: each pixel is the mean of its copies. A pixel in no patch is a dropped coordinate: L adds
 * its log-density under a Gaussian conditioned on its neighbourhood, and the inverse draws it.
 *
 * A bound where patches overlap, else exact; L = 0 where every pixel lies in one patch.
 * Errors: `ShapeError` where a patch reaches beyond the image.
 * Source: Flowification, section 3.3.
 *
 * @example
 * ```ts
 * import { tile } from "@flowify/core/layers";
 *
 * // every 2 × 2 window of a 3 × 3 image: the pixels in several windows are copied, with noise
 * const rows = { count: 2, size: 2, stride: 1, dilation: 1 };
 * const layer = tile([1, 3, 3], [rows, rows]);
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 1, 3, 3 ] [ 2, 2, 4 ] false
 * ```
 */
export function tile(
  inShape: Shape,
  windows: Windows,
  {
    logA = Math.log(0.1),
    scaleFromData = false,
    around: { top = 0, bottom = 0, left = 0, right = 0 } = {},
  }: TileOptions = {},
): FlowLayer<TileParams> {
  if (inShape.length !== 3) throw new ShapeError(`tile: needs images [C, H, W], got ${showShape(inShape)}`);
  const [channels = 0, height = 0, width = 0] = inShape;
  const [rows, columns] = windows;
  const [tall, wide] = [height + top + bottom, width + left + right];
  for (const [what, w, n] of [
    ["rows", rows, tall],
    ["columns", columns, wide],
  ] as const) {
    expectSizes("tile", {
      [`number of windows along ${what}`]: w.count,
      [`size of windows along ${what}`]: w.size,
      [`stride of ${what}`]: w.stride,
      [`dilation of ${what}`]: w.dilation,
    });
    const reach = windowReach(w);
    if (reach > n)
      throw new ShapeError(
        `tile: ${w.count} windows need ${reach} ${what}, the image ${showShape(inShape)} has ${n} with what is around it`,
      );
  }
  const byRow = multiplicity(rows, tall).slice(top, top + height);
  const byColumn = multiplicity(columns, wide).slice(left, left + width);
  const counts = Float32Array.from(byRow.flatMap((r) => byColumn.map((c) => r * c))); // [H · W]
  const overlaps = counts.some((n) => n > 1);
  const gaps = counts.some((n) => n === 0)
    ? gapModel(inShape, counts, [rows.stride, columns.stride])
    : undefined;
  let copies = 0; // Σ (N − 1) and Σ (N/2) log N over the pixels of all channels
  let others = 0; // Σ N (N − 1): for each copy, how many there are beside it
  let volume = 0;
  for (const n of counts) {
    const further = channels * Math.max(n - 1, 0);
    copies += further;
    others += n * further;
    volume += n > 0 ? channels * (n / 2) * Math.log(n) : 0;
  }
  /** N of every pixel, [1, 1, H, W]; pixels in no patch count as 1. */
  const multiplicities = (like: np.Array): np.Array =>
    floats(
      counts.map((n) => Math.max(n, 1)),
      [1, 1, height, width],
    ).astype(like.dtype);
  /** Copies of pixels: [B, C, H, W] -> patches; and the sum of the copies of each. */
  const copied = (x: np.Array): np.Array =>
    unfold(
      tall * wide > height * width
        ? np.pad(x, [
            [0, 0],
            [0, 0],
            [top, bottom],
            [left, right],
          ])
        : x,
      windows,
    );
  const summed = (patches: np.Array): np.Array =>
    fold(patches, windows, [tall, wide]).slice([], [], [top, top + height], [left, left + width]);
  /** ε − mean ε over the copies of each pixel; 0 beyond the image. */
  const centred = (epsilon: np.Array): np.Array => {
    const total = multiplicities(epsilon);
    const mean = summed(epsilon.ref).div(total);
    const present = copied(np.ones([1, channels, height, width], { dtype: epsilon.dtype }));
    return epsilon.mul(present).sub(copied(mean));
  };
  const start = (log: number): TileParams => ({
    ...(overlaps && { logA: np.full([], log) }),
    ...(gaps && { gaps: gaps.init() }),
  });
  const patch = [rows.count, columns.count, channels * rows.size * columns.size];
  return defineLayer<TileParams>({
    name: "tile",
    inShape,
    outShape: patch,
    forwardNoise: overlaps ? { tile: { shape: patch, distribution: "normal" } } : {},
    inverseNoise: gaps ? { gaps: gaps.noise } : {},
    facts: { frozenParameterKinds: {}, droppedDims: channels * counts.filter((n) => n === 0).length },
    init: withoutKey(() => start(logA)),
    ...(overlaps &&
      scaleFromData && {
        async initFromData(key, examples) {
          key.dispose();
          const n = nth(patch, 2);
          const rows = rowsOf(
            examples.first(ENOUGH),
            (x) => copied(x).reshape([-1, n]),
            n,
            sizeOf(patch) / n,
          );
          return start(
            await copyNoise(rows, { pixels: 1 - copies / sizeOf(patch), others: others / sizeOf(patch) }),
          );
        },
      }),
    forward({ logA: log, gaps: own }, x, noise: { tile?: np.Array }) {
      const batch = countOf(x);
      let contribution = gaps && own ? gaps.logProb(own, x.ref) : np.zeros([batch], { dtype: x.dtype });
      const plain = copied(x);
      if (!log || !noise.tile) return { z: plain, contribution };
      const u = centred(noise.tile);
      const fixed = log.ref
        .add(0.5 * LOG_2PI)
        .mul(copies)
        .add(volume);
      contribution = contribution.add(perExample(fixed, batch)).add(sumExamples(np.square(u.ref)).mul(0.5));
      const spread = np.broadcastTo(np.sqrt(multiplicities(u)), [1, channels, height, width]);
      return { z: plain.add(u.mul(copied(spread)).mul(np.exp(log))), contribution };
    },
    inverse({ logA: log, gaps: own }, z, noise: { gaps?: np.Array }) {
      log?.dispose();
      const sum = summed(z);
      const total = multiplicities(sum);
      const x = sum.div(total);
      return gaps && own && noise.gaps ? gaps.fill(own, x, noise.gaps) : x;
    },
  });
}
