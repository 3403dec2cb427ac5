import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";
import { dependenceTree } from "../init/dependence-tree.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { floats } from "../params/host.js";
import { countOf, expectShape, type Shape, showShape } from "../shape.js";
import { defineKind } from "./kind.js";
import * as o from "./options.js";

/** Log-probabilities of values, [S, S], of S values of all columns together: given another one, and on the diagonal alone. */
export type ValueTreeParams = { logs: np.Array };

const schemas = {
  /** How many values each column has. */
  sizes: o.listOf(o.size, 1),
  /** g, the step between the values of each column. Default 1. */
  gaps: o.optional(o.listOf(o.positive, 1)),
  /** a, the least value of each column. Default 0. */
  origins: o.optional(o.listOf(o.number, 1)),
};
export type ValueTreeOptions = o.Options<typeof schemas>;

/** Nats that a column costs outside of its values. */
const OUTSIDE = 1e4;

/** Uniform numbers end below 1, and so below what shares add up to. */
const LESS = 1 - 1e-5;

/** Most values of all columns together. */
const MOST = 2048;

/**
 * L = log P(k_1) + Σ log P(k_i | k_parent(i)) − Σ log g_i: each column has few values k, and depends on one other at most,
 * in a tree. Noise within half a step around a value is uniform. Nothing is left of x: z is empty.
 *
 * Exact, but for e^−10,000 outside of the values. From the data, the tree is the likeliest one. Its probabilities stay fixed;
 * without data all values are equally likely. The inverse draws the values along the tree, and the noise.
 *
 * Errors: `ShapeError` for examples that are no vectors and lists of another length, `DomainError` for more than 2,048
 * values together. Source: Chow and Liu 1968 (IEEE Transactions on Information Theory 14).
 *
 * @example
 * ```ts
 * import { valueTree } from "@flowify/core/layers";
 *
 * const layer = valueTree([3], { sizes: [2, 5, 3] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 3 ] [ 0 ] true
 * ```
 */
export function valueTree(
  inShape: Shape,
  { sizes, gaps = sizes.map(() => 1), origins = sizes.map(() => 0) }: ValueTreeOptions,
): FlowLayer<ValueTreeParams> {
  const name = "valueTree";
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  for (const [what, list] of Object.entries({ sizes, gaps, origins }))
    if (list.length !== n) throw new ShapeError(`${name}: expected ${n} ${what}, got ${list.length}`);
  const S = sizes.reduce((a, b) => a + b, 0);
  if (S > MOST) throw new DomainError(`${name}: expected at most ${MOST} values, got ${S}`);
  const starts = sizes.map((_, c) => sizes.slice(0, c).reduce((a, b) => a + b, 0));
  const column = sizes.flatMap((size, c) => new Array<number>(size).fill(c));
  const of = (list: readonly number[], s: number): number => list[column[s] as number] as number;
  const values = column.map((_, s) => of(origins, s) + of(gaps, s) * (s - of(starts, s)));
  const row = (list: readonly number[], dtype: np.DType): np.Array =>
    floats(Float32Array.from(list)).astype(dtype);
  /** A number of each column at all of its values, [B, n] -> [B, S]. Consumes it. */
  const spread = (x: np.Array): np.Array => {
    const places = new Float32Array(n * S);
    for (const [s, c] of column.entries()) places[c * S + s] = 1;
    const { dtype } = x;
    return np.matmul(x, floats(places, [n, S]).astype(dtype));
  };
  /** 1 for pairs of values of one column (or, `before`, where the second comes later), [S, S]. */
  const pairs = (dtype: np.DType, before = false): np.Array =>
    floats(
      Float32Array.from({ length: S * S }, (_, at) => {
        const [s, t] = [Math.floor(at / S), at % S];
        return Number(column[s] === column[t] && (!before || s < t));
      }),
      [S, S],
    ).astype(dtype);
  const logGaps = gaps.reduce((sum, gap) => sum + Math.log(gap), 0);
  return defineLayer<ValueTreeParams>({
    name,
    inShape,
    outShape: [0],
    inverseNoise: {
      choice: { shape: [n], distribution: "uniform" },
      within: { shape: [n], distribution: "uniform" },
    },
    parameterKinds: "fixed",
    facts: { frozenParameterKinds: {} }, // z does not depend on any of them
    init(key) {
      key.dispose();
      const logs = new Float32Array(S * S);
      for (let s = 0; s < S; s++) logs[s * S + s] = -Math.log(of(sizes, s));
      return { logs: floats(logs, [S, S]) };
    },
    forward({ logs }, x) {
      expectShape(name, "x", x, inShape);
      const { dtype } = x;
      const z = np.zeros([countOf(x), 0], { dtype });
      const steps = spread(x)
        .sub(row(values, dtype))
        .div(
          row(
            column.map((c) => gaps[c] as number),
            dtype,
          ),
        );
      const above = np.greaterEqual(steps.ref, -0.5).astype(dtype);
      const here = np.less(steps, 0.5).astype(dtype).mul(above); // [B, S]
      const known = np.sum(here.ref, 1);
      const log = np.sum(np.matmul(here.ref, logs).mul(here), 1);
      return { z, contribution: log.add(known.sub(n).mul(OUTSIDE)).sub(logGaps) };
    },
    inverse({ logs }, z, noise) {
      expectShape(name, "z", z, [0]);
      z.dispose();
      const { choice, within } = noise as { choice: np.Array; within: np.Array };
      const { dtype } = choice;
      const uniform = spread(choice.mul(LESS));
      const alone = np.sum(logs.ref.mul(np.eye(S).astype(dtype)), 0); // [S]
      const given = logs.mul(np.subtract(1, np.eye(S).astype(dtype)));
      let drawn = np.zeros(uniform.shape, { dtype });
      // the value of a column is right once that of the one before it is
      for (let round = 0; round < n; round++) {
        const weights = np.exp(np.matmul(drawn, given.ref).add(alone.ref));
        const total = np.matmul(weights.ref, pairs(dtype));
        const below = np.matmul(weights.ref, pairs(dtype, true)).div(total.ref);
        const upTo = below.ref.add(weights.div(total));
        const from = np.lessEqual(below, uniform.ref);
        drawn = np.where(np.less(uniform.ref, upTo), from.astype(dtype), np.zeros([], { dtype }));
      }
      for (const spent of [alone, given, uniform]) spent.dispose();
      const places = new Float32Array(S * n);
      for (const [s, c] of column.entries()) places[s * n + c] = values[s] as number;
      const k = np.matmul(drawn, floats(places, [S, n]).astype(dtype));
      return k.add(within.sub(0.5).mul(row(gaps, dtype)));
    },
    async initFromData(key, examples) {
      key.dispose();
      const codes = new Int32Array(examples.count * n);
      let at = 0;
      for await (const part of examples.parts())
        for (const x of part) {
          const c = at % n;
          const code = Math.round((x - (origins[c] as number)) / (gaps[c] as number));
          codes[at++] = Math.min(Math.max(code, 0), (sizes[c] as number) - 1);
        }
      const logs = new Float32Array(S * S);
      for (const [c, own] of dependenceTree({ codes, count: examples.count, sizes }).entries()) {
        const size = sizes[c] as number;
        for (const [pair, log] of own.logs.entries()) {
          const to = (starts[c] as number) + (pair % size);
          const from = own.parent < 0 ? to : (starts[own.parent] as number) + Math.floor(pair / size);
          logs[from * S + to] = log;
        }
      }
      return { logs: floats(logs, [S, S]) };
    },
  });
}

export const valueTreeKind = defineKind({
  kind: "valueTree",
  options: schemas,
  flow: valueTree,
  outShape: () => [0],
});
