import { numpy as np } from "@jax-js/jax";
import { type ChainLayer, chain } from "../chain.js";
import { conditioned, shiftBy } from "../coding/curve.js";
import { gridNetwork } from "../coding/grid-network.js";
import { splineMap, splinesOfKnots } from "../coding/splines.js";
import { DomainError, ShapeError } from "../errors.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { sumExamples } from "../math/numerics.js";
import { ownForward, ownInverse, type RawSplines, splineKnots } from "../math/per-entry-spline.js";
import { UNIT_DERIVATIVE } from "../math/spline-parameters.js";
import { convNet, keepingSize } from "../nn/conv-net.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import { expectShape, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";
import * as o from "./options.js";
import { reverse } from "./reshape.js";

const schemas = {
  /** Number of couplings. */
  stack: o.integer(1, 1000),
  /** K, the number of bins of each spline. Default 5. */
  bins: o.optional(o.size),
  /** The splines live on [−bound, bound]; identity outside. Default 3. */
  bound: o.optional(o.positive),
  /** Width of the conditioner. Default 256 for vectors, 32 channels for images. */
  hidden: o.optional(o.size),
  /** Hidden layers of the conditioner of vectors add to their input. Default false. */
  residual: o.optional(o.flag),
  /** Shift the entries of the other part instead of bending them: L = 0. Default false. */
  additive: o.optional(o.flag),
};
export type CouplingOptions = Omit<o.Options<typeof schemas>, "stack"> & {
  /** Features (channels of an image) that pass unchanged. Default half of them, rounded down. */
  kept?: number;
  /** Start as the identity (default), or with the conditioner's random last layer as the paper's code. */
  init?: "identity" | "random";
};

/**
 * One neural spline coupling: the first features pass unchanged and condition a rational-quadratic
 * spline for every entry of the others; L = Σ log s′ over these. With `additive` it conditions a shift, and L = 0 (Dinh et
 * al. 2014, NICE).
 *
 * For vectors [n] the conditioner is dense, three hidden layers of `hidden` with ReLU; for images [C, H, W]
 * (features are channels) four 3 × 3 convolutions. Unnormalized widths and heights are divided by
 * √hidden. Exact, with closed-form inverse. Errors: `ShapeError` for fewer than two features,
 * `DomainError` for bins outside 2..500 and a bound that is not positive and finite.
 * Source: Durkan et al. 2019 (arXiv:1906.04032); Flowification, section 5.
 */
function splineCoupling(inShape: Shape, options: CouplingOptions): FlowLayer<DenseParams[]> {
  const [features = 0, ...space] = inShape;
  if (inShape.length !== 1 && inShape.length !== 3)
    throw new ShapeError(`coupling: needs vectors [n] or images [C, H, W], got ${showShape(inShape)}`);
  if (features < 2)
    throw new ShapeError(
      `coupling: needs two features at least, one to condition the other, got ${features}`,
    );
  const image = inShape.length === 3;
  const { bins = 5, bound = 3, hidden = image ? 32 : 256, init = "identity" } = options;
  const { kept = Math.floor(features / 2), residual = false, additive = false } = options;
  expectSizes("coupling", { bins, hidden, kept });
  if (image && residual)
    throw new DomainError("coupling: residual conditioners are for vectors; leave residual out for images");
  if (bins < 2 || bins > 500) throw new DomainError(`coupling: bins must be in 2..500, got ${bins}`);
  if (kept >= features)
    throw new ShapeError(`coupling: ${kept} of ${features} features kept leaves none to transform`);
  if (!(bound > 0 && Number.isFinite(bound)))
    throw new DomainError(`coupling: bound must be positive and finite, got ${bound}`);
  const moved = features - kept;
  const each = additive ? 1 : 3 * bins - 1;
  const sizes = [kept, hidden, hidden, hidden, moved * each];
  const conditioner = image ? convNet(keepingSize(sizes)) : mlp(sizes, { residual });
  const shrink = 1 / Math.sqrt(hidden);
  /** Splines of B · moved · space entries, in the order of the transformed part. */
  const splines = (params: DenseParams[], context: np.Array): RawSplines => {
    const raw = conditioner.apply(params, context);
    const grid = raw.reshape([raw.shape[0] as number, moved, each, ...space]);
    const numbers = np.transpose(grid, [2, 0, 1, ...space.map((_, i) => 3 + i)]).reshape([each, -1]);
    const rows = np.split(numbers, [bins, 2 * bins], 0);
    const [widths, heights, derivatives] = rows as [np.Array, np.Array, np.Array];
    return {
      widths: widths.mul(shrink),
      heights: heights.mul(shrink),
      derivatives,
      shift: init === "identity" ? UNIT_DERIVATIVE : 0,
      bound,
    };
  };
  const halves = (x: np.Array) => np.split(x, [kept], 1) as [np.Array, np.Array];
  return defineLayer<DenseParams[]>({
    name: "coupling",
    inShape,
    ...(init === "identity" && { atInit: "identity" as const }),
    init: (key) => conditioner.init(key, { lastZero: init === "identity" }),
    forward(params, x) {
      expectShape("coupling", "x", x, inShape);
      const [same, other] = halves(x);
      const shape = other.shape;
      if (additive) {
        const contribution = np.zeros([other.shape[0] as number], { dtype: other.dtype });
        const shift = conditioner.apply(params, same.ref).reshape(shape);
        return { z: np.concatenate([same, other.add(shift)], 1), contribution };
      }
      const { z, logDerivative } = ownForward(other.reshape([-1]), splines(params, same.ref));
      return {
        z: np.concatenate([same, z.reshape(shape)], 1),
        contribution: sumExamples(logDerivative.reshape(shape)),
      };
    },
    inverse(params, z) {
      expectShape("coupling", "z", z, inShape);
      const [same, other] = halves(z);
      const shape = other.shape;
      if (additive) {
        const shift = conditioner.apply(params, same.ref).reshape(shape);
        return np.concatenate([same, other.sub(shift)], 1);
      }
      const x = ownInverse(other.reshape([-1]), splines(params, same.ref));
      return np.concatenate([same, x.reshape(shape)], 1);
    },
    async coder(params) {
      const network = gridNetwork(params, [kept, ...space], (own, same) =>
        additive ? [conditioner.apply(own, same)] : splineKnots(splines(own, same)),
      );
      return conditioned(kept * sizeOf(space), network, (found) =>
        additive ? shiftBy(found[0]!) : splineMap(splinesOfKnots(found, bins, bound)),
      );
    },
  });
}

/**
 * `stack` spline couplings with the order of the features reversed between them, not after the last.
 *
 * Exact. Source: Flowification, section 5 and appendix (N(d, t) and Nc(d, t)).
 *
 * @example
 * ```ts
 * import { coupling } from "@flowify/core/layers";
 *
 * const layer = coupling([6], 2, { hidden: 32 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 6 ] [ 6 ] true
 * ```
 */
export function coupling(inShape: Shape, stack: number, options: CouplingOptions = {}): ChainLayer {
  expectSizes("coupling", { stack });
  const parts = Array.from({ length: stack }, (_, i) => [
    splineCoupling(inShape, options),
    ...(i < stack - 1 ? [reverse(inShape)] : []),
  ]);
  return chain(parts.flat(), "coupling");
}

export const couplingKind = defineKind({
  kind: "coupling",
  options: schemas,
  flow: (inShape, { stack, ...own }) => coupling(inShape, stack, own),
});
