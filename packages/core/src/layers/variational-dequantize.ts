import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../layer.js";
import { sumExamples } from "../math/numerics.js";
import { splineKnots } from "../math/per-entry-spline.js";
import { notCoded, seeing } from "../nn/conditional-parameters.js";
import { convNet, keepingSize } from "../nn/conv-net.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import { withCondition } from "../nn/with-condition.js";
import * as o from "../options.js";
import { countOf, expectSizes, type Shape, showShape, sizeOf } from "../shape.js";
import { levelOf, uniformlyDequantized } from "./dequantize.js";
import { defineKind } from "./kind.js";
import { bentNoise, numbersPerSpline, unitSplines } from "./unit-splines.js";

const schemas = {
  /** Number of levels: x holds integers 0..levels−1. Default 256. */
  levels: o.optional(o.levels),
  /** K, bins of the splines. Default 5. */
  bins: o.optional(o.bins),
  /** Width of the network that looks at x. Default 64 for vectors, 32 channels for images. */
  hidden: o.optional(o.size),
};
export type VariationalDequantizeOptions = o.Options<typeof schemas> & {
  /** Numbers of a condition that the network sees beside x. Default none. */
  condition?: number;
};

/**
 * z = (x + u) / levels for x of integers 0..levels−1, u = s(ε; θ(x)) with ε ~ U[0, 1): every entry has
 * its own monotone spline of [0, 1) onto itself, which a network of the whole of x, and of a condition, decides on;
 * L = −n log levels + Σ log s′(ε).
 *
 * A bound in expectation over ε: E log p(z) + L ≤ log P(x). It starts as the identity, where it is
 * `dequantize`, and can only be better once trained. Inverse: floor(levels · z), clipped.
 *
 * Errors: `ShapeError` for examples that are neither [n] nor [C, H, W]; `DomainError` for levels
 * below 2 and bins outside 2..500.
 * Source: Ho et al. 2019 (arXiv:1902.00275), section 3.1; splines of Durkan et al. 2019 as q(u | x).
 *
 * @example
 * ```ts
 * import { variationalDequantize } from "@flowify/core/layers";
 *
 * const layer = variationalDequantize([8], { levels: 4 });
 * console.log(layer.facts.levels, layer.exact);
 * // 4 false
 * ```
 */
export function variationalDequantize(
  inShape: Shape,
  options: VariationalDequantizeOptions = {},
): FlowLayer<DenseParams[]> {
  const name = "variationalDequantize";
  o.checked(name, inShape, options, schemas, "condition");
  const image = inShape.length === 3;
  const { levels = 256, bins = 5, hidden = image ? 32 : 64, condition = 0 } = options;
  if (inShape.length !== 1 && !image)
    throw new ShapeError(`${name}: needs vectors [n] or images [C, H, W], got ${showShape(inShape)}`);
  const [features = 0, ...space] = inShape;
  expectSizes(name, { "number of entries": sizeOf(inShape) });
  const each = numbersPerSpline(bins);
  const sizes = [features + condition, hidden, hidden, features * each];
  const conditioner = image ? convNet(keepingSize(sizes)) : mlp(sizes);
  const logLevels = -sizeOf(inShape) * Math.log(levels);
  /** B · n splines, which x and the condition decide on. */
  const splines = (params: DenseParams[], x: np.Array, given?: np.Array) => {
    const batch = countOf(x);
    const seen = withCondition(x.mul(2 / (levels - 1)).sub(1), given); // x on [−1, 1]
    const raw = conditioner.apply(params, seen);
    const grid = raw.reshape([batch, features, each, ...space]);
    const numbersFirst = np.transpose(grid, [2, 0, 1, ...space.map((_, i) => 3 + i)]);
    return unitSplines(numbersFirst.reshape([each, -1]), bins);
  };
  return defineLayer<DenseParams[]>({
    name,
    inShape,
    forwardNoise: { u: { shape: inShape, distribution: "uniform" } },
    parameterKinds: conditioner.parameterKinds,
    ...(condition > 0 && { condition: [condition] }),
    init: (key) => conditioner.init(key, { lastZero: true }),
    forward(params, x, noise: { u: np.Array }, given) {
      const bent = splines(params, x.ref, given);
      const { u, logDerivative } = bentNoise(noise.u, bent);
      const stretched = sumExamples(logDerivative.reshape(x.shape));
      return { z: x.add(u.reshape(x.shape)).mul(1 / levels), contribution: stretched.add(logLevels) };
    },
    inverse(params, z, _noise, given) {
      given?.dispose();
      for (const { weight, bias } of params) for (const unused of [weight, bias]) unused.dispose();
      return levelOf(z, levels);
    },
    facts: {
      image: [0, 1],
      levels,
      atInit: (x, noise) => uniformlyDequantized(x, (noise as { u: np.Array }).u, levels),
      steps(params) {
        if (condition > 0) throw notCoded(name);
        const run = (own: ArrayTree, x: np.Array): np.Array[] =>
          splineKnots(splines(own as DenseParams[], x));
        return [{ step: "dequantize", levels, network: { params, shape: inShape, run }, bins }];
      },
    },
  });
}

export const variationalDequantizeKind = defineKind({
  kind: "variationalDequantize",
  options: { ...schemas, conditional: o.conditional.conditional },
  flow: (inShape, own, context) =>
    variationalDequantize(inShape, seeing("variationalDequantize", own, context)),
});
