import { numpy as np } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import type { CalibrationData } from "../init/calibration-data.js";
import { beside, chosenLines } from "../init/chosen-lines.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { leading } from "../lists.js";
import { softBound, sumExamples } from "../math/numerics.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { treeDispose } from "../params/pytree.js";
import { expectSizes, type Shape, sizeOf } from "../shape.js";
import { defineKind } from "./kind.js";

const schemas = {
  /** Width of the two hidden layers of its network; 0 for none: mean and log-scale are lines in c. Default 64. */
  hidden: o.optional(o.count),
  /** Soft bound of the log-scales, nats. Default 6. */
  limit: o.optional(o.positive),
};
export type ConditionalAffineOptions = o.Options<typeof schemas>;

/**
 * z = (x − m(c)) e^−s(c), mean m and log-scale s of every entry from a network of the condition c; L = −Σ s(c).
 *
 * Exact. At the end of a flow it makes the base N(m(c), e^2s(c)); alone it is a regression with a variance of its own
 * everywhere. It starts as the identity; without hidden layers, where examples have known conditions, as lines in those that predict.
 *
 * Errors: `ShapeError` without a condition. Source: Dinh et al. 2017 (arXiv:1605.08803), of a condition; Nix and Weigend 1994.
 *
 * @param condition numbers of the condition
 *
 * @example
 * ```ts
 * import { conditionalAffine } from "@flowify/core/layers";
 *
 * const layer = conditionalAffine([2], 3, { hidden: 16 });
 * console.log(layer.inShape, layer.condition, layer.exact);
 * // [ 2 ] [ 3 ] true
 * ```
 */
export function conditionalAffine(
  inShape: Shape,
  condition: number,
  options: ConditionalAffineOptions = {},
): FlowLayer<DenseParams[]> {
  const name = "conditionalAffine";
  const { hidden = 64, limit = 6 } = o.checked(name, inShape, options, schemas);
  if (condition < 1)
    throw new ShapeError(`${name}: needs a condition; say what it is with condition: { shape: [3] }`);
  const size = sizeOf(inShape);
  expectSizes(name, { condition, "number of entries": size });
  const network = mlp([condition, ...(hidden > 0 ? [hidden, hidden] : []), 2 * size]);
  const line = (params: DenseParams[], given: np.Array): { mean: np.Array; logScale: np.Array } => {
    const [mean, raw] = leading(np.split(network.apply(params, given), 2, 1), 2);
    return {
      mean: mean.reshape([-1, ...inShape]),
      logScale: softBound(raw, limit).reshape([-1, ...inShape]),
    };
  };
  return defineLayer<DenseParams[]>({
    name,
    inShape,
    condition: [condition],
    facts: hidden > 0 ? { atInit: "identity" } : {},
    init: (key) => network.init(key, { lastZero: true }),
    ...(hidden === 0 && {
      async initFromData(key: np.Array, examples: CalibrationData) {
        const [line] = network.init(key, { lastZero: true }) as [DenseParams];
        if (!examples.given) return [line];
        treeDispose(line);
        const x = new Float64Array(examples.count * size);
        let at = 0;
        for await (const part of examples.parts()) {
          x.set(part, at);
          at += part.length;
        }
        return [startedLines(examples.given, x, size)];
      },
    }),
    forward(params, x, _noise, given) {
      const { mean, logScale } = line(params, given as np.Array);
      const z = x.sub(mean).mul(np.exp(logScale.ref.neg()));
      return { z, contribution: sumExamples(logScale).neg() };
    },
    inverse(params, z, _noise, given) {
      const { mean, logScale } = line(params, given as np.Array);
      return z.mul(np.exp(logScale)).add(mean);
    },
  });
}

/** Least squared deviation, in units of the variance of what is left: its log must not run away. */
const LEAST_SQUARE = 1e-4;

/** Mean and log-scale of x [count, size] by lines in the conditions: the latter from the log of squares of what is left. */
function startedLines({ data, shape }: HostArray, x: Float64Array, size: number): DenseParams {
  const [, columns = 0] = shape;
  const given = { data, columns };
  const means = chosenLines(given, { data: x, columns: size });
  const squares = beside(means, given, { data: x, columns: size }).map((left) => left * left);
  const variances = new Float64Array(size);
  squares.forEach((square, at) => {
    variances[at % size]! += (square * size) / x.length;
  });
  const logs = squares.map((square, at) => {
    const variance = variances[at % size]! || 1;
    return Math.log(square / variance + LEAST_SQUARE) / 2;
  });
  const scales = chosenLines(given, { data: logs, columns: size });
  // the scale of all is left to what follows: log-scales are those beside the mean one
  const centre = new Float64Array(size);
  logs.forEach((log, at) => {
    centre[at % size]! += (log * size) / x.length;
  });
  return {
    weight: floats(Float32Array.from([...means.slopes, ...scales.slopes]), [2 * size, columns]),
    bias: floats(Float32Array.from([...means.offset, ...scales.offset.map((v, i) => v - centre[i]!)])),
  };
}

export const conditionalAffineKind = defineKind({
  kind: "conditionalAffine",
  options: schemas,
  flow: (inShape, own, { condition = 0 }) => conditionalAffine(inShape, condition, own),
});
