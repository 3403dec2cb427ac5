import { numpy as np } from "@jax-js/jax";
import { rowsOf } from "../init/calibration-data.js";
import { marginalSpline, type Range, rangesOf, sortedColumns, withMargins } from "../init/marginal.js";
import { defineLayer, type FlowLayer, withoutKey } from "../layer.js";
import { entryCurves, entryForward, entryInverse } from "../math/entry-splines.js";
import { perExample, sumExamples } from "../math/numerics.js";
import { type ConditionalOptions, conditional, seeing } from "../nn/conditional-parameters.js";
import type { DenseParams } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

/** Examples that quantiles are taken from: with 4,096, held-out digits cost 0.01 bits a pixel more. */
const START_ITEMS = { columns: 20_000, pixels: 8000 } as const;

/** Most columns whose numbers are smoothed: it takes some hundredths of a second for each. */
const SMOOTHED = 256;

/**
 * Where the range of each channel begins and the log of its length, [C], fixed; unnormalized widths [M, K] and heights
 * [M, K] and logs of inner derivatives [M, K−1] of the M splines.
 */
export type MarginalParams = {
  low: np.Array;
  logRange: np.Array;
  widths: np.Array;
  heights: np.Array;
  logDerivatives: np.Array;
  /** With a condition: what adds to the splines. */
  network?: DenseParams[];
};

const schemas = {
  /** K, the number of bins of each spline. Default 32. */
  bins: o.optional(o.bins),
  /** The range of the data goes to [−bound, bound]. Default 3.5. */
  bound: o.optional(o.positive),
  /** One spline for each entry (default), or one for each channel (the first axis of an example). */
  per: o.optional(o.oneOf("entry", "channel")),
};
export type MarginalOptions = o.Options<typeof schemas> & ConditionalOptions;

/**
 * z = b (2 s_i((x_i − l) / r) − 1): every entry through a monotone rational-quadratic spline s_i of its own, which takes
 * the range of the data, l to l + r, to [−b, b]; L = Σ log s_i′ + Σ log (2b / r).
 *
 * Exact; a bijection of R onto R, affine outside of the range. From the data, s_i starts as the map that takes the
 * empirical distribution of entry i to a normal one: what follows only has to model how entries depend on each other.
 * Numbers that repeat are spread over 10⁻⁵ of the range, and half an observation is spread over all of it, so
 * constants and empty stretches have finite densities. In vectors of at most 256 entries, fewer than 5,000 numbers of an
 * entry are smoothed if cross-validation says so. Ranges are those of channels (the first axis of an example; for
 * vectors [n] each entry); they stay fixed. Without data the identity on [−b, b]. With a condition its network adds to the splines.
 *
 * Float32: s and its inverse agree to about 1e-4 of a bin. Errors: `ShapeError`, `DomainError`.
 * Source: Durkan et al. 2019 (splines); `docs/design/marginal.md`.
 *
 * @example
 * ```ts
 * import { marginal } from "@flowify/core/layers";
 *
 * const layer = marginal([5], { bins: 16 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 5 ] [ 5 ] true
 * ```
 */
export function marginal(inShape: Shape, options: MarginalOptions = {}): FlowLayer<MarginalParams> {
  const own = o.checked("marginal", inShape, options, schemas, "condition", "hidden");
  const { bins = 32, bound = 3.5, per = "entry" } = own;
  const [channels = 0, ...space] = inShape;
  expectSizes("marginal", { channels, "size of the other axes": sizeOf(space) });
  const perChannel = [channels, ...space.map(() => 1)];
  /** How splines lie beside the entries of an example. */
  const splines = per === "entry" ? inShape : perChannel;
  const count = sizeOf(splines);
  /** The channel and the spline of entry i of an example. */
  const channelOf = (i: number): number => Math.floor(i / sizeOf(space));
  const splineOf = per === "entry" ? (i: number): number => i : channelOf;
  const smooth = space.length === 0 && count <= SMOOTHED;
  const layer = defineLayer<MarginalParams>({
    name: "marginal",
    inShape,
    parameterKinds: { low: "fixed", logRange: "fixed" },
    init: withoutKey(() => ({
      low: np.full([channels], -bound),
      logRange: np.full([channels], Math.log(2 * bound)),
      widths: np.zeros([count, bins]),
      heights: np.zeros([count, bins]),
      logDerivatives: np.zeros([count, bins - 1]),
    })),
    forward({ low, logRange, ...params }, x) {
      // Σ log (2b / r) over the entries
      const stretch = np
        .sum(logRange.ref)
        .neg()
        .add(channels * Math.log(2 * bound))
        .mul(sizeOf(space));
      const u = x.sub(low.reshape(perChannel)).mul(np.exp(logRange.neg()).reshape(perChannel));
      const { z, logDerivative } = entryForward(rowsOfSplines(params), u, splines);
      const contribution = sumExamples(logDerivative).add(perExample(stretch, countOf(z)));
      return { z: z.mul(2 * bound).sub(bound), contribution };
    },
    inverse({ low, logRange, ...params }, z) {
      const u = entryInverse(rowsOfSplines(params), z.add(bound).mul(1 / (2 * bound)), splines);
      return u.mul(np.exp(logRange).reshape(perChannel)).add(low.reshape(perChannel));
    },
    facts: {
      initExamples: smooth ? START_ITEMS.columns : START_ITEMS.pixels,
      steps({ low, logRange, ...params }) {
        const range = { low, length: np.exp(logRange), bound, channelOf };
        return [{ step: "curves", table: entryCurves(params), bins, splineOf, range }];
      },
    },
    async initFromData(key, examples) {
      key.dispose();
      const toChannels = (x: np.Array): np.Array =>
        np.moveaxis(x.reshape([-1, channels, sizeOf(space)]), 1, 2).reshape([-1, channels]);
      const rows =
        per === "channel"
          ? rowsOf(examples, toChannels, channels)
          : rowsOf(examples, (x) => x.reshape([-1, count]), count);
      const ranges = await rangesOf(examples, channels);
      const started = { widths: [], heights: [], logDerivatives: [] } as Record<SplinePart, number[]>;
      let spline = 0;
      for await (const numbers of sortedColumns(rows, count)) {
        const c = Math.floor((spline++ * channels) / count);
        if (smooth) ranges[c] = withMargins(ranges[c] as Range, numbers);
        const { low, length } = ranges[c] as Range;
        const u = numbers.map((x) => Math.min(Math.max((x - low) / length, 0), 1));
        const found = marginalSpline(u, bins, bound, smooth);
        for (const part of splineParts) started[part].push(...found[part]);
      }
      return {
        low: floats(Float32Array.from(ranges, ({ low }) => low)),
        logRange: floats(Float32Array.from(ranges, ({ length }) => Math.log(length))),
        widths: floats(Float32Array.from(started.widths), [count, bins]),
        heights: floats(Float32Array.from(started.heights), [count, bins]),
        logDerivatives: floats(Float32Array.from(started.logDerivatives), [count, bins - 1]),
      };
    },
  });
  const shapes = { widths: [count, bins], heights: [count, bins], logDerivatives: [count, bins - 1] };
  return conditional(layer, shapes, options);
}

/** The splines of all examples one after another, where each example has its own. */
const rowsOfSplines = ({ widths, heights, logDerivatives }: Omit<MarginalParams, "low" | "logRange">) => {
  const rows = (a: np.Array): np.Array => (a.ndim === 2 ? a : a.reshape([-1, a.shape.at(-1) ?? 0]));
  return { widths: rows(widths), heights: rows(heights), logDerivatives: rows(logDerivatives) };
};

const splineParts = ["widths", "heights", "logDerivatives"] as const;
type SplinePart = (typeof splineParts)[number];

export const marginalKind = defineKind({
  kind: "marginal",
  options: { ...schemas, ...o.conditional },
  flow: (inShape, own, context) => marginal(inShape, seeing("marginal", own, context)),
});
