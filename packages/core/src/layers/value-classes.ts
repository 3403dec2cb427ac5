import { numpy as np, random } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { latentClasses } from "../init/latent-classes.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { initial } from "../math/keys.js";
import { log } from "../math/log.js";
import { logSumExp, oneOf } from "../math/numerics.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import { countOf, type Shape, showShape } from "../shape.js";
import { boxesOf, codesOf, drawnBoxes, OUTSIDE, row, WITHIN } from "./boxes.js";
import { defineKind } from "./kind.js";

/** Log weights of the classes, [K], and of the S values of all columns together in each, [K, S]; both unnormalized. */
export type ValueClassesParams = { logits: np.Array; logs: np.Array };

const schemas = {
  /** Of each column the edges between its values, rising: a value is whatever lies between two of them. */
  edges: o.listOf(o.listOf(o.number, 2), 1),
  /** g of each column: log p is that of values g apart, in place of a density. Default 1. */
  steps: o.optional(o.listOf(o.positive, 1)),
  /** K, the number of classes. */
  classes: o.integer(2, 256),
};
type ValueClassesOptions = o.Options<typeof schemas>;

/**
 * L = log Σ_z P(z) Π_i P(k_i | z) − Σ log (w_k_i / g_i): each column has few values k, and a row belongs to one of K classes z, which nobody
 * sees. In a class columns are independent. A value is all that lies between two edges, w_k apart, where x is uniform. Nothing is left of
 * x: z is empty.
 *
 * Exact, but for e^−10,000 outside of the edges. From the data, the classes start by expectation maximization; without data at
 * random. The inverse draws the class, then the values, and the noise.
 *
 * Errors: `ShapeError` for examples that are no vectors and lists of another length, `DomainError` for more than 2,048
 * values together, and edges that do not rise. Source: Lazarsfeld and Henry 1968, Latent Structure Analysis.
 *
 * @example
 * ```ts
 * import { valueClasses } from "@flowify/core/layers";
 *
 * const layer = valueClasses([2], { edges: [[0, 1, 2], [-0.5, 0.5, 1.5, 7.5]], classes: 3 });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 2 ] [ 0 ] true
 * ```
 */
export function valueClasses(inShape: Shape, options: ValueClassesOptions): FlowLayer<ValueClassesParams> {
  const name = "valueClasses";
  const { edges, classes: K, steps } = o.checked(name, inShape, options, schemas);
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  if (edges.length !== n)
    throw new ShapeError(`${name}: expected edges of ${n} columns, got ${edges.length}`);
  const boxes = boxesOf(name, edges, steps);
  const { count: S, lows, logSteps, widths, inside, spread, gathered } = boxes;
  const perClass = (logs: np.Array): np.Array => {
    const total = log(spread(gathered(np.exp(logs.ref))));
    return logs.sub(total);
  };
  return defineLayer<ValueClassesParams>({
    name,
    inShape,
    outShape: [0],
    inverseNoise: {
      member: { shape: [1], distribution: "uniform" },
      choice: { shape: [n], distribution: "uniform" },
      within: { shape: [n], distribution: "uniform" },
    },
    facts: { frozenParameterKinds: {} }, // z does not depend on any of them
    init: (key) => ({ logits: np.zeros([K]), logs: initial(key, [K, S], random.normal) }),
    forward({ logits, logs }, x) {
      const { dtype } = x;
      const z = np.zeros([countOf(x), 0], { dtype });
      const here = inside(x); // [B, S]
      const known = np.sum(here.ref, 1);
      const own = perClass(logs).sub(row(logSteps, dtype));
      const all = np.matmul(here, np.transpose(own)).add(logits.ref); // [B, K]
      const log = logSumExp(all, 1).sub(logSumExp(logits, 0));
      return { z, contribution: log.add(known.sub(n).mul(OUTSIDE)) };
    },
    inverse(
      { logits, logs },
      z,
      { member, choice, within }: Record<"member" | "choice" | "within", np.Array>,
    ) {
      z.dispose();
      const weights = np.broadcastTo(logits.reshape([K, 1]), [K, countOf(choice)]);
      const chosen = oneOf(weights, member.reshape([1, -1])); // [K, B]
      const own = np.exp(np.matmul(np.transpose(chosen), perClass(logs))); // [B, S]
      const drawn = drawnBoxes(boxes, own, choice);
      return gathered(drawn.ref, lows).add(gathered(drawn, widths).mul(within.mul(WITHIN)));
    },
    async initFromData(key, examples) {
      key.dispose();
      const codes = await codesOf(examples, edges);
      const { weights, logs } = latentClasses(
        { codes, count: examples.count, sizes: edges.map((own) => own.length - 1) },
        K,
      );
      return {
        logits: floats(Float32Array.from(weights)),
        logs: floats(Float32Array.from(logs), [K, S]),
      };
    },
  });
}

export const valueClassesKind = defineKind({
  kind: "valueClasses",
  options: schemas,
  flow: valueClasses,
  outShape: () => [0],
});
