import { numpy as np, random } from "@jax-js/jax";
import { initSpline, someEntries } from "../init/rq-spline.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { initial, splitKey } from "../math/keys.js";
import { sumExamples } from "../math/numerics.js";
import { ownForward, ownInverse, type RawSplines } from "../math/per-entry-spline.js";
import {
  type SplineParams,
  type SplineTable,
  sharedForward,
  sharedInverse,
  splineTables,
} from "../math/shared-spline.js";
import { UNIT_DERIVATIVE } from "../math/spline-parameters.js";
import { type ConditionalOptions, conditional, seeing } from "../nn/conditional-parameters.js";
import type { DenseParams } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

/** Unnormalized widths [K], heights [K] and inner derivatives [K−1] of one shared spline. */
export type RqSplineParams = SplineParams & {
  /** With a condition: what adds to them. */
  network?: DenseParams[];
};

const schemas = {
  /** K, the number of bins. Default 10. */
  bins: o.optional(o.bins),
  /** The spline lives on [−bound, bound]; identity outside. Default 2. */
  bound: o.optional(o.positive),
};
export type RqSplineOptions = o.Options<typeof schemas> &
  ConditionalOptions & {
    /** Initial values: the identity (default), or each parameter uniform on [0, 1) as the paper's code. */
    init?: "identity" | "uniform";
  };

/**
 * z = s(x), one monotone rational-quadratic spline s shared by all entries, identity outside
 * [−bound, bound]; L = Σ log s′(x). With a condition its network adds to the spline, one for all entries of an example.
 *
 * Exact; a bijection of R onto R with closed-form inverse. Float32: s and its inverse agree to about
 * 1e-5 of the bound. Source: Durkan et al. 2019, section 3; Flowification, section 5.
 *
 * @example
 * ```ts
 * import { rqSpline } from "@flowify/core/layers";
 *
 * const layer = rqSpline([4], { bins: 8, bound: 3 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 4 ] [ 4 ] true
 * ```
 */
export function rqSpline(inShape: Shape, options: RqSplineOptions = {}): FlowLayer<RqSplineParams> {
  const own = o.checked("rqSpline", inShape, options, schemas, "condition", "hidden", "init");
  const { bins = 10, bound = 2, init = "identity" } = own;
  const together = (all: readonly RqSplineParams[], direction: "forward" | "inverse"): SplineTable[] =>
    splineTables(all, bound, direction);
  const tableOf = (params: RqSplineParams | SplineTable, direction: "forward" | "inverse"): SplineTable =>
    "curves" in params ? params : (together([params], direction)[0] as SplineTable);
  /** The spline of its example for each entry of a batch, where each example has its own. */
  const ofExamples = (params: RqSplineParams | SplineTable, batch: number): RawSplines | undefined => {
    if ("curves" in params || params.widths.ndim === 1) return undefined;
    const entries = sizeOf(inShape);
    const columns = (a: np.Array): np.Array => {
      const [, size = 0] = a.shape;
      const each = np.transpose(a).reshape([size, batch, 1]); // [K, B, 1] -> [K, B · entries]
      return np.broadcastTo(each, [size, batch, entries]).reshape([size, batch * entries]);
    };
    const [widths, heights, derivatives] = [params.widths, params.heights, params.derivatives].map(columns);
    return { widths, heights, derivatives, shift: 0, bound } as RawSplines;
  };
  const layer: FlowLayer<RqSplineParams> = defineLayer<RqSplineParams>({
    name: "rqSpline",
    inShape,
    init(key) {
      if (init === "identity") {
        key.dispose();
        return {
          widths: np.zeros([bins]),
          heights: np.zeros([bins]),
          derivatives: np.full([bins - 1], UNIT_DERIVATIVE),
        };
      }
      const [a, b, c] = splitKey(key, 3);
      return {
        widths: initial(a, [bins], random.uniform),
        heights: initial(b, [bins], random.uniform),
        derivatives: initial(c, [bins - 1], random.uniform),
      };
    },
    async initFromData(key, examples) {
      const found = init === "identity" ? initSpline(await someEntries(examples), bins, bound) : undefined;
      if (!found) return layer.init(key);
      key.dispose();
      return {
        widths: floats(found.widths),
        heights: floats(found.heights),
        derivatives: floats(found.derivatives),
      };
    },
    forward(params: RqSplineParams | SplineTable, x) {
      const { shape } = x;
      const splines = ofExamples(params, countOf(x));
      if (splines) {
        const { z, logDerivative } = ownForward(x.reshape([-1]), splines);
        return { z: z.reshape(shape), contribution: sumExamples(logDerivative.reshape(shape)) };
      }
      const { z, logDerivative } = sharedForward(tableOf(params, "forward"), x);
      return { z, contribution: sumExamples(logDerivative) };
    },
    inverse(params: RqSplineParams | SplineTable, z) {
      const { shape } = z;
      const splines = ofExamples(params, countOf(z));
      if (splines) return ownInverse(z.reshape([-1]), splines).reshape(shape);
      return sharedInverse(tableOf(params, "inverse"), z);
    },
    facts: {
      prepare: { key: `rqSpline ${bins} ${bound}`, together },
      steps(params) {
        const { curves, from, to } = tableOf(params, "forward"); // curves [6, K + 2]
        for (const unused of [from, to]) unused.dispose();
        return [{ step: "curves", table: np.transpose(curves), bins, splineOf: () => 0 }];
      },
    },
  });
  return conditional(layer, { widths: [bins], heights: [bins], derivatives: [bins - 1] }, options);
}

export const rqSplineKind = defineKind({
  kind: "rqSpline",
  options: { ...schemas, ...o.conditional },
  flow: (inShape, own, context) => rqSpline(inShape, seeing("rqSpline", own, context)),
});
