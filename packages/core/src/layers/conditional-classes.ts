import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { logistic, shares } from "../init/logistic.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { log } from "../math/log.js";
import { logSumExp } from "../math/numerics.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { treeDispose } from "../params/pytree.js";
import { expectSizes, type Shape, showShape } from "../shape.js";
import { OUTSIDE, row, WITHIN } from "./boxes.js";
import { defineKind } from "./kind.js";

const schemas = {
  /** K: the values are 0 to K − 1. */
  classes: o.size,
  /** Width of the two hidden layers of its network; 0 for none: a logistic regression. Default 64. */
  hidden: o.optional(o.count),
  /** It starts at the shares of the classes, whatever c is, and not at a logistic regression. Default false. */
  alone: o.optional(o.flag),
  /** The least probability of a class, at most 1 / K. Default 0. */
  least: o.optional(o.share),
};
export type ConditionalClassesOptions = o.Options<typeof schemas>;

/** The network, and what is added to it: a line in the condition. */
export type ConditionalClassesParams = { line: DenseParams[]; network?: DenseParams[] };

/**
 * A class k of K, as x in [k − ½, k + ½), by its probabilities p(c) = softmax(W c + b + network(c)), or (1 − K l) softmax + l with a least probability l:
 * z = Σ_{j<k} p_j + p_k (x − k + ½), the distribution function, uniform on [0, 1]; L = log p_k. At whole numbers it is log P(k | c).
 *
 * Exact, but for e^−10,000 outside of the classes. It starts as a logistic regression, or as the shares of the classes where c is not known, or with `alone`.
 *
 * Errors: `ShapeError` without a condition, and for more than one number; `DomainError` for a least probability of 1 / K. Source: multinomial logistic regression, McFadden 1974.
 *
 * @param condition numbers of the condition
 *
 * @example
 * ```ts
 * import { conditionalClasses } from "@flowify/core/layers";
 *
 * const layer = conditionalClasses([1], 3, { classes: 4, hidden: 16 });
 * console.log(layer.inShape, layer.condition, layer.exact);
 * // [ 1 ] [ 3 ] true
 * ```
 */
export function conditionalClasses(
  inShape: Shape,
  condition: number,
  options: ConditionalClassesOptions,
): FlowLayer<ConditionalClassesParams> {
  const name = "conditionalClasses";
  const { classes: K, hidden = 64, alone = false, least = 0 } = o.checked(name, inShape, options, schemas);
  if (condition < 1)
    throw new ShapeError(`${name}: needs a condition; say what it is with condition: { shape: [3] }`);
  if (inShape.length !== 1 || inShape[0] !== 1)
    throw new ShapeError(`${name}: needs one number [1], got ${showShape(inShape)}`);
  expectSizes(name, { condition });
  if (K * least >= 1) throw new DomainError(`${name}: least must be below 1 / ${K}, got ${least}`);
  const places = Array.from(new Array(K).keys());
  const line = mlp([condition, K]);
  const network = hidden > 0 ? mlp([condition, hidden, hidden, K]) : undefined;
  const logs = (params: ConditionalClassesParams, given: np.Array): np.Array => {
    const more = network && params.network && network.apply(params.network, given.ref);
    const linear = line.apply(params.line, given);
    const logits = more ? linear.add(more) : linear; // [B, K]
    const logShares = logits.ref.sub(logSumExp(logits, 1).reshape([-1, 1]));
    return least === 0
      ? logShares
      : log(
          np
            .exp(logShares)
            .mul(1 - K * least)
            .add(least),
        );
  };
  const init = (key: np.Array): ConditionalClassesParams => {
    const found = network && { network: network.init(key.ref, { lastZero: true }) };
    return { line: line.init(key, { lastZero: true }), ...found };
  };
  return defineLayer<ConditionalClassesParams>({
    name,
    inShape,
    condition: [condition],
    facts: { image: [0, 1] },
    init,
    async initFromData(key, examples) {
      const labels: number[] = [];
      for await (const part of examples.parts())
        for (const x of part) labels.push(Math.min(Math.max(Math.round(x), 0), K - 1));
      const { given } = examples;
      const { offset, slopes } =
        given && !alone
          ? logistic({ data: given.data, columns: condition }, labels, K)
          : { offset: shares(labels, K), slopes: new Float64Array(K * condition) };
      const { line, ...rest } = init(key);
      treeDispose(line);
      const weight = floats(Float32Array.from(slopes), [K, condition]);
      return { line: [{ weight, bias: floats(Float32Array.from(offset)) }], ...rest };
    },
    forward(params, x, _noise, given) {
      const { dtype } = x;
      const log = logs(params, given as np.Array);
      const all = row(places, dtype).reshape([1, K]);
      const k = np.clip(np.floor(x.ref.add(0.5)), 0, K - 1);
      const here = np.equal(all.ref, k.ref).astype(dtype); // [B, K]
      const before = np.less(all, k.ref).astype(dtype);
      const p = np.exp(log.ref);
      const within = x.sub(k).add(0.5); // [B, 1], beyond [0, 1) only outside
      const outside = np.absolute(within.ref.sub(np.clip(within.ref, 0, 1))).reshape([-1]);
      const below = np.sum(p.ref.mul(before), 1, { keepdims: true });
      const own = np.sum(p.mul(here.ref), 1, { keepdims: true });
      const contribution = np.sum(log.mul(here), 1);
      return {
        z: below.add(own.mul(within)),
        contribution: contribution.sub(np.greater(outside, 0).astype(dtype).mul(OUTSIDE)),
      };
    },
    inverse(params, z, _noise, given) {
      const { dtype } = z;
      const p = np.exp(logs(params, given as np.Array));
      const upTo = np.matmul(p.ref, np.triu(np.ones([K, K], { dtype })));
      const k = np.sum(np.lessEqual(upTo.ref, z.ref).astype(dtype), 1, { keepdims: true });
      const last = np.minimum(k, K - 1);
      const here = np.equal(row(places, dtype).reshape([1, K]), last.ref).astype(dtype);
      const own = np.sum(p.mul(here.ref), 1, { keepdims: true });
      const end = np.sum(upTo.mul(here), 1, { keepdims: true });
      const within = z.sub(end).div(np.maximum(own, 1e-30)).add(1);
      return last.add(np.clip(within, 0, WITHIN)).sub(0.5);
    },
  });
}

export const conditionalClassesKind = defineKind({
  kind: "conditionalClasses",
  options: schemas,
  flow: (inShape, own, { condition = 0 }) => conditionalClasses(inShape, condition, own),
});
