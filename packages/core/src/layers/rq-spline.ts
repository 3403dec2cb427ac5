import { numpy as np, random } from "@jax-js/jax";
import { splitKey } from "../chain.js";
import { DomainError } from "../errors.js";
import { defineLayer, expectShape, expectSizes, type FlowLayer, type Shape } from "../layer.js";
import { sumItems } from "../math/numerics.js";
import { sharedBin, splineForward, splineInverse, splineTable, UNIT_DERIVATIVE } from "../math/rq-spline.js";

/** Unnormalized widths [K], heights [K] and inner derivatives [K−1] of one shared spline. */
export type RqSplineParams = { widths: np.Array; heights: np.Array; derivatives: np.Array };

export type RqSplineOptions = {
  /** K, the number of bins. Default 10. */
  bins?: number;
  /** The spline lives on [−bound, bound]; identity outside. Default 2. */
  bound?: number;
  /** Start values: the identity (default), or each parameter uniform on [0, 1) as the paper's code. */
  start?: "identity" | "uniform";
};

/**
 * z = s(x), one monotone rational-quadratic spline s shared by all entries, identity outside
 * [−bound, bound]; L = Σ log s′(x).
 *
 * Exact; a bijection of R onto R with closed-form inverse. Float32: s and its inverse agree to about
 * 1e-5 of the bound. Source: Durkan et al. 2019, section 3; Flowification, section 5.
 */
export function rqSpline(inShape: Shape, options: RqSplineOptions = {}): FlowLayer<RqSplineParams> {
  const { bins = 10, bound = 2, start = "identity" } = options;
  expectSizes("rqSpline", { bins });
  if (bins < 2 || bins > 500) throw new DomainError(`rqSpline: bins must be in 2..500, got ${bins}`);
  if (!(bound > 0 && Number.isFinite(bound)))
    throw new DomainError(`rqSpline: bound must be positive and finite, got ${bound}`);
  const table = (p: RqSplineParams): np.Array => splineTable(p.widths, p.heights, p.derivatives, bound);
  // An entry outside is moved inside before the formula and put back after it, so that the branch
  // not taken never makes a NaN gradient.
  const split = (x: np.Array): { flat: np.Array; inside: np.Array; clipped: np.Array } => {
    const flat = x.reshape([-1]);
    const inside = np.less(np.absolute(flat.ref), bound);
    return { clipped: np.where(inside.ref, flat.ref, 0), flat, inside };
  };
  return defineLayer<RqSplineParams>({
    name: "rqSpline",
    inShape,
    outShape: inShape,
    exact: true,
    forwardNoise: {},
    inverseNoise: {},
    manifolds: {},
    init(key) {
      if (start === "identity") {
        key.dispose();
        return {
          widths: np.zeros([bins]),
          heights: np.zeros([bins]),
          derivatives: np.full([bins - 1], UNIT_DERIVATIVE),
        };
      }
      const [a, b, c] = splitKey(key, 3) as [np.Array, np.Array, np.Array];
      return {
        widths: random.uniform(a, [bins]),
        heights: random.uniform(b, [bins]),
        derivatives: random.uniform(c, [bins - 1]),
      };
    },
    forward(params, x) {
      expectShape("rqSpline", "x", x, inShape);
      const shape = x.shape;
      const { flat, inside, clipped } = split(x);
      const knots = table(params);
      const bin = sharedBin(knots, clipped, "x0");
      knots.dispose();
      const { z, derivative } = splineForward(clipped, bin);
      const logs = np.where(inside.ref, np.log(derivative), 0);
      return {
        z: np.where(inside, z, flat).reshape(shape),
        contribution: sumItems(logs.reshape(shape)),
      };
    },
    inverse(params, z) {
      expectShape("rqSpline", "z", z, inShape);
      const shape = z.shape;
      const { flat, inside, clipped } = split(z);
      const knots = table(params);
      const bin = sharedBin(knots, clipped, "y0");
      knots.dispose();
      return np.where(inside, splineInverse(clipped, bin), flat).reshape(shape);
    },
  });
}
