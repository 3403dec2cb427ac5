import { numpy as np, tree } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { type DependenceTree, dependenceTree } from "../init/dependence-tree.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { softBound } from "../math/numerics.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import { floats } from "../params/host.js";
import { countOf, expectShape, type Shape, showShape } from "../shape.js";
import { boxesOf, codesOf, drawnBoxes, OUTSIDE, pairsOf, row, WITHIN } from "./boxes.js";
import { defineKind } from "./kind.js";
import * as o from "./options.js";

/**
 * Log-probabilities of values, [S, S], of S values of all columns together: given another one, and on the diagonal alone; with a
 * network, the place of each column in the order in which the values follow, [n], and its weights.
 */
export type ValueTreeParams = { logs: np.Array; ranks?: np.Array; network?: DenseParams[] };

const schemas = {
  /** Of each column the edges between its values, rising: a value is whatever lies between two of them. */
  edges: o.listOf(o.listOf(o.number, 2), 1),
  /** Width of a network of all values before one that adds to its log-probability. Default 0: none. */
  hidden: o.optional(o.count),
};
export type ValueTreeOptions = o.Options<typeof schemas>;

/** Soft bound of what the network adds, nats. */
const LIMIT = 20;

/**
 * L = log P(k_1) + Σ log P(k_i | k_parent(i)) − Σ log w_k_i: each column has few values k, and depends on one other at most,
 * in a tree. A value is all that lies between two edges, w_k apart, where x is uniform. Nothing is left of x: z is empty.
 *
 * With `hidden`, a masked network of all values before one in the order of the tree adds to its log-probabilities, from 0 on.
 *
 * Exact, but for e^−10,000 outside of the edges. From the data, the tree is the likeliest one. Its probabilities stay fixed;
 * without data all values are equally likely. The inverse draws the values along the tree, and the noise.
 *
 * Errors: `ShapeError` for examples that are no vectors and lists of another length, `DomainError` for more than 2,048
 * values together, and edges that do not rise. Source: Chow and Liu 1968 (IEEE Transactions on Information Theory 14); Germain et al. 2015
 * (arXiv:1502.03509) for the masks.
 *
 * @example
 * ```ts
 * import { valueTree } from "@flowify/core/layers";
 *
 * const layer = valueTree([2], { edges: [[0, 1, 2], [-0.5, 0.5, 1.5, 7.5]] });
 * console.log(layer.inShape, layer.outShape, layer.exact);
 * // [ 2 ] [ 0 ] true
 * ```
 */
export function valueTree(
  inShape: Shape,
  { edges, hidden = 0 }: ValueTreeOptions,
): FlowLayer<ValueTreeParams> {
  const name = "valueTree";
  const [n = 0] = inShape;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  if (edges.length !== n)
    throw new ShapeError(`${name}: expected edges of ${n} columns, got ${edges.length}`);
  const boxes = boxesOf(name, edges);
  const { count: S, columns, lows, widths, inside, spread, gathered } = boxes;
  const sizes = edges.map((own) => own.length - 1);
  const starts = sizes.map((_, c) => columns.indexOf(c));
  const net = mlp([S, hidden, S]);
  /** A unit of degree d sees the columns before the d-th, and adds to that and those behind it. */
  const degrees = Array.from({ length: hidden }, (_, u) => 1 + (u % Math.max(n - 1, 1)));
  /** What the network adds to the log-probability of each value, given those before it, [B, S]. Consumes all. */
  const added = (ranks: np.Array, [first, last]: DenseParams[], here: np.Array): np.Array => {
    const { dtype } = here;
    const own = spread(ranks.reshape([1, n])); // [1, S]
    const degree = row(degrees, dtype).reshape([hidden, 1]);
    const sees = np.less(own.ref, degree.ref).astype(dtype);
    const after = np.transpose(np.greaterEqual(own, degree).astype(dtype));
    const masked = [
      { weight: first!.weight.mul(sees), bias: first!.bias },
      { weight: last!.weight.mul(after), bias: last!.bias },
    ];
    return softBound(net.apply(masked, here), LIMIT);
  };
  /** Logs of weights of all values, given those before them, [B, S]; of a tree alone they are probabilities. Consumes all. */
  const logWeights = ({ logs, ranks, network }: ValueTreeParams, here: np.Array): np.Array => {
    const { dtype } = here;
    const alone = np.sum(logs.ref.mul(np.eye(S).astype(dtype)), 0); // [S]
    const given = logs.mul(np.subtract(1, np.eye(S).astype(dtype)));
    const more = ranks && network && added(ranks, network, here.ref);
    const all = np.matmul(here, given).add(alone);
    return more ? all.add(more) : all;
  };
  return defineLayer<ValueTreeParams>({
    name,
    inShape,
    outShape: [0],
    inverseNoise: {
      choice: { shape: [n], distribution: "uniform" },
      within: { shape: [n], distribution: "uniform" },
    },
    parameterKinds: hidden > 0 ? { logs: "fixed", ranks: "fixed" } : "fitted",
    facts: { frozenParameterKinds: {} }, // z does not depend on any of them
    init(key) {
      const logs = new Float32Array(S * S);
      for (const [s, c] of columns.entries()) logs[s * S + s] = -Math.log(sizes[c]!);
      return { logs: floats(logs, [S, S]), ...networkOf(key, Array.from(edges.keys())) };
    },
    forward(params, x) {
      expectShape(name, "x", x, inShape);
      const { dtype } = x;
      const z = np.zeros([countOf(x), 0], { dtype });
      const here = inside(x); // [B, S]
      const known = np.sum(here.ref, 1);
      const { network } = params;
      const weights = logWeights(params, here.ref);
      const total = network && np.log(np.matmul(np.exp(weights.ref), pairsOf(boxes, dtype)));
      const logs = (total ? weights.sub(total) : weights).sub(row(widths.map(Math.log), dtype));
      return { z, contribution: np.sum(logs.mul(here), 1).add(known.sub(n).mul(OUTSIDE)) };
    },
    inverse(params, z, { choice, within }: { choice: np.Array; within: np.Array }) {
      expectShape(name, "z", z, [0]);
      z.dispose();
      const { dtype } = choice;
      let drawn = np.zeros([countOf(choice), S], { dtype });
      // the value of a column is right once that of the one before it is
      for (let round = 0; round < n; round++)
        drawn = drawnBoxes(boxes, np.exp(logWeights(tree.ref(params), drawn)), choice.ref);
      tree.dispose(params);
      choice.dispose();
      return gathered(drawn.ref, lows).add(gathered(drawn, widths).mul(within.mul(WITHIN)));
    },
    async initFromData(key, examples) {
      const codes = await codesOf(examples, edges);
      const logs = new Float32Array(S * S);
      const found = dependenceTree({ codes, count: examples.count, sizes });
      for (const [c, own] of found.entries()) {
        const size = sizes[c]!;
        for (const [pair, log] of own.logs.entries()) {
          const to = (starts[c] as number) + (pair % size);
          const from = own.parent < 0 ? to : (starts[own.parent] as number) + Math.floor(pair / size);
          logs[from * S + to] = log;
        }
      }
      return { logs: floats(logs, [S, S]), ...networkOf(key, ranksOf(found)) };
    },
  });

  /** A network that adds nothing at first, if there is one. Consumes the key. */
  function networkOf(key: np.Array, ranks: readonly number[]): Omit<ValueTreeParams, "logs"> {
    if (hidden > 0)
      return { ranks: floats(Float32Array.from(ranks)), network: net.init(key, { lastZero: true }) };
    key.dispose();
    return {};
  }
}

/** The place of each column in an order in which it comes after the one that it depends on. */
function ranksOf(found: DependenceTree): number[] {
  const depth = (c: number): number => (found[c]!.parent < 0 ? 0 : 1 + depth(found[c]!.parent));
  const depths = Array.from(found.keys(), depth);
  const order = Array.from(found.keys()).sort((a, b) => depths[a]! - depths[b]!);
  return depths.map((_, c) => order.indexOf(c));
}

export const valueTreeKind = defineKind({
  kind: "valueTree",
  options: schemas,
  flow: valueTree,
  outShape: () => [0],
});
