import { numpy as np } from "@jax-js/jax";
import { rowsOf } from "../init/calibration-data.js";
import { heldOutDirections } from "../init/held-out-variances.js";
import { columnScales } from "../init/moments.js";
import {
  examplesOfDirections,
  factorDirections,
  type Principal,
  principalDirections,
} from "../init/principal.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { perExample } from "../math/numerics.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import { toDevice } from "./orthogonal.js";

/**
 * Fixed numbers of a whitening along an axis of n coordinates: mean [n], principal directions [n, n], log-stds along them
 * [n]; where coordinates are scaled first, the logs of their own standard deviations [n].
 */
export type WhitenParams = { mean: np.Array; rotation: np.Array; logStd: np.Array; logScale?: np.Array };

/** Examples of a whitening by held-out variances: so many for each pair of coordinates, and at most so many numbers. */
const MANY = { each: 24, numbers: 2 ** 24 } as const;

const schemas = {
  /**
   * Divide each coordinate by its own standard deviation d first, as columns of different units need: the principal
   * directions are those of correlations. A coordinate that never varies is divided by 1. Default false.
   */
  scaled: o.optional(o.flag),
  /**
   * s: the variances along the principal directions count as (1 − s) σ² + s mean σ², so that what hardly varies is stretched
   * by at most 1/√s. Default 0.
   */
  shrinkage: o.optional(o.share),
  /** The covariance is that of a few common factors and own noise of each coordinate, found by factor analysis. Default false. */
  factors: o.optional(o.flag),
  /** Variances along the principal directions are those of examples that these were not found from. Default false. */
  heldOut: o.optional(o.flag),
};
export type WhitenOptions = o.Options<typeof schemas>;

/**
 * z = ((x − μ) ⊘ d) U ⊘ σ: the principal coordinates of the data in units of their standard deviation, least
 * variance first; L = −rows · (Σ log σ + Σ log d), with d = 1 where coordinates are not scaled.
 *
 * Exact. Along the last axis; the axes before it are rows. μ, d, U and σ come from the data-dependent
 * start and stay fixed (identity without it), as the normalization of inputs does: the layers after it
 * then see coordinates of equal size, where one step size fits all directions.
 *
 * Errors: `DomainError` for a shrinkage outside of [0, 1), `ShapeError` for an empty axis.
 *
 * @example
 * ```ts
 * import { whiten } from "@flowify/core/layers";
 *
 * const layer = whiten([6], { shrinkage: 0.01 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 6 ] [ 6 ] true
 * ```
 */
export function whiten(inShape: Shape, options: WhitenOptions = {}): FlowLayer<WhitenParams> {
  const own = o.checked("whiten", inShape, options, schemas);
  const { scaled = false, shrinkage = 0, factors = false, heldOut = false } = own;
  const n = inShape[inShape.length - 1] ?? 0;
  expectSizes("whiten", { "size of the last axis": n });
  const rows = sizeOf(inShape) / n;
  const many = heldOut ? Math.min(MANY.each * n ** 2, MANY.numbers / n) : 0;
  const needed = Math.max(examplesOfDirections(n), many);
  return defineLayer<WhitenParams>({
    name: "whiten",
    inShape,
    parameterKinds: "fixed",
    facts: { initExamples: Math.ceil(needed / rows) },
    init(key) {
      key.dispose();
      const zeros = { mean: np.zeros([n]), rotation: np.eye(n), logStd: np.zeros([n]) };
      return scaled ? { ...zeros, logScale: np.zeros([n]) } : zeros;
    },
    forward({ mean, rotation, logStd, logScale }, x) {
      const batch = countOf(x);
      const logs = logScale ? np.sum(logStd.ref).add(np.sum(logScale.ref)) : np.sum(logStd.ref);
      const contribution = perExample(logs.mul(-rows), batch);
      const centred = x.sub(mean).reshape([-1, n]); // [B · rows, n]
      const flat = logScale ? centred.mul(np.exp(logScale.neg())) : centred;
      const z = np.matmul(flat, rotation).mul(np.exp(logStd.neg()));
      return { z: z.reshape([batch, ...inShape]), contribution };
    },
    inverse({ mean, rotation, logStd, logScale }, z) {
      const batch = countOf(z);
      const flat = z.mul(np.exp(logStd)).reshape([-1, n]);
      const centred = np.matmul(flat, np.transpose(rotation));
      return (logScale ? centred.mul(np.exp(logScale)) : centred).add(mean).reshape([batch, ...inShape]);
    },
    async initFromData(key, examples) {
      key.dispose();
      const given = rowsOf(examples, (x) => x.reshape([-1, n]), n);
      if (heldOut) {
        const found = await heldOutDirections(given, scaled);
        return {
          ...started(found, shrinkage),
          ...(scaled && { logScale: floats(found.scale.map(Math.log)) }),
        };
      }
      const principal = factors ? factorDirections : principalDirections;
      if (!scaled) return started(await principal(given), shrinkage);
      const { mean, std } = await columnScales(given);
      const [centre, scale] = [floats(mean), floats(std)];
      const found = await principal(given.map([n], (x) => x.sub(centre.ref).div(scale.ref)));
      centre.dispose();
      scale.dispose();
      const { mean: rest, rotation, logStd } = started(found, shrinkage);
      rest.dispose(); // nothing but what rounding left
      return { mean: floats(mean), rotation, logStd, logScale: floats(std.map(Math.log)) };
    },
  });
}

function started({ mean, directions, std }: Principal, shrinkage: number): WhitenParams {
  const middle = std.reduce((sum, s) => sum + s ** 2, 0) / std.length;
  const shrunk = std.map((s) => Math.sqrt((1 - shrinkage) * s ** 2 + shrinkage * middle));
  return {
    mean: floats(Float32Array.from(mean)),
    rotation: toDevice(directions),
    logStd: floats(Float32Array.from(shrinkage === 0 ? std : shrunk, Math.log)),
  };
}

export const whitenKind = defineKind({ kind: "whiten", options: schemas, flow: whiten });
