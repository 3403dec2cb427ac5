import { lax, numpy as np, tree } from "@jax-js/jax";
import { ShapeError } from "../errors.js";
import { type Dependence, dependenceGraph } from "../init/dependence-graph.js";
import { defineLayer, type FlowLayer } from "../layer.js";
import { log } from "../math/log.js";
import { softBound } from "../math/numerics.js";
import { type DenseParams, mlp } from "../nn/mlp.js";
import * as o from "../options.js";
import { floats } from "../params/host.js";
import type { HostArray } from "../params/host-array.js";
import { countOf, type Shape, showShape } from "../shape.js";
import { boxesOf, codesOf, drawnBoxes, OUTSIDE, pairsOf, row, WITHIN } from "./boxes.js";
import { defineKind } from "./kind.js";

/**
 * Log-probabilities of values, [S, S], of S values of all columns together: given another one, and on the diagonal alone; of C contexts
 * of each column which three values are there together, [n, C · 3], and what that adds to those of the column, [n, values · C]; with
 * contexts or a network, the place of each column in the order in which the values follow, [n]; the weights of the network.
 */
export type ValueTreeParams = {
  logs: np.Array;
  contexts?: { values: np.Array; logs: np.Array };
  ranks?: np.Array;
  network?: DenseParams[];
};

const schemas = {
  /** Of each column the edges between its values, rising: a value is whatever lies between two of them. */
  edges: o.listOf(o.listOf(o.number, 2), 1),
  /** g of each column: log p is that of values g apart, in place of a density. Default 1. */
  steps: o.optional(o.listOf(o.positive, 1)),
  /** Of each column of a condition how many values it has, a 1 among zeros: the first that columns may depend on. Default none. */
  given: o.optional(o.listOf(o.integer(1, 2048), 1)),
  /** Most pairs and triples of values of others beside which the values of a column have probabilities of their own. Default 0: none. */
  contexts: o.optional(o.count),
  /** Width of a network of all values before one that adds to its log-probability. Default 0: none. */
  hidden: o.optional(o.count),
};
export type ValueTreeOptions = o.Options<typeof schemas>;

/** Soft bound of what the network adds, nats. */
const LIMIT = 20;

/**
 * L = log P(k_1) + Σ log P(k_i | k_parent(i)) − Σ log (w_k_i / g_i): each column has few values k, and depends on one other at most,
 * in a tree. A value is all that lies between two edges, w_k apart, where x is uniform. Nothing is left of x: z is empty.
 *
 * With `contexts`, it depends on three others at most, and so many pairs and triples of their values count together. With `hidden`, a masked network of all values before one in the order of the tree adds to its log-probabilities, from 0 on.
 *
 * With `given`, these columns may depend on values of a condition, which has no probability here.
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
export function valueTree(inShape: Shape, options: ValueTreeOptions): FlowLayer<ValueTreeParams> {
  const name = "valueTree";
  const {
    contexts: C = 0,
    edges: own,
    given = [],
    hidden = 0,
    ...rest
  } = o.checked(name, inShape, options, schemas);
  const { steps = own.map(() => 1) } = rest;
  if (inShape.length !== 1) throw new ShapeError(`${name}: needs vectors [n], got ${showShape(inShape)}`);
  if (own.length !== inShape[0])
    throw new ShapeError(`${name}: expected edges of ${inShape[0]} columns, got ${own.length}`);
  // columns of a condition come first, with a box for each of their values
  const g = given.length;
  const edges = [...given.map((size) => Array.from({ length: size + 1 }, (_, k) => k)), ...own];
  const n = edges.length;
  const boxes = boxesOf(name, edges, [...given.map(() => 1), ...steps]);
  const G = given.reduce((sum, size) => sum + size, 0);
  const { count: S, columns, lows, logSteps, widths, inside, spread, gathered } = boxes;
  const sizes = edges.map((own) => own.length - 1);
  const most = Math.max(...sizes);
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
  /** What contexts add to the values of all columns, or of that whose turn it is, [B, S]. Consumes all. */
  const beside = (
    { values, logs }: NonNullable<ValueTreeParams["contexts"]>,
    here: np.Array,
    turn?: np.Array, // [1, n]
  ): np.Array => {
    const { dtype } = here;
    const m = turn ? 1 : n;
    const whose = turn ? spread(turn.ref) : np.ones([1, S], { dtype });
    const taken = turn ? np.matmul(turn.ref, values) : values;
    const where = taken.reshape([m * C, 3]).astype(np.int32);
    const steps = lax.stopGradient(np.transpose(here)); // no gradient, and not even its program
    const together = np.prod(np.take(steps, where, 0), 1).reshape([m, C, -1]); // [m, C, B]
    const own = (turn ? np.matmul(turn, logs) : logs).reshape([m, most, C]);
    const more = np.matmul(own, together).reshape([m * most, -1]);
    const places = new Float32Array(S * m * most);
    for (const [s, c] of columns.entries()) places[s * m * most + (turn ? 0 : c * most) + s - starts[c]!] = 1;
    const placed = np.matmul(floats(places, [S, m * most]).astype(dtype), more); // no gather: its gradient is a scatter
    return np.transpose(placed).mul(whose);
  };
  /** Logs of weights of all values, given those before them, [B, S]; of a tree alone they are probabilities. Consumes all. */
  const logWeights = (
    { logs, contexts, ranks, network }: ValueTreeParams,
    here: np.Array,
    turn?: np.Array,
  ): np.Array => {
    const { dtype } = here;
    const alone = np.sum(logs.ref.mul(np.eye(S).astype(dtype)), 0); // [S]
    const given = logs.mul(np.subtract(1, np.eye(S).astype(dtype)));
    const parts = [np.matmul(here.ref, given).add(alone)];
    if (contexts) parts.push(beside(contexts, here.ref, turn));
    else turn?.dispose();
    if (ranks && network) parts.push(added(ranks, network, here.ref));
    else ranks?.dispose();
    here.dispose();
    return parts.reduce((sum, part) => sum.add(part));
  };
  /** The values of a condition before those of the own columns. Consumes both. */
  const beforeOwn = (condition: np.Array | undefined, here: np.Array): np.Array =>
    condition ? np.concatenate([condition, here.slice([], [G, S])], 1) : here;
  /** Numbers of the own columns behind zeros. Consumes them. */
  const padded = (x: np.Array): np.Array =>
    g === 0 ? x : np.concatenate([np.zeros([countOf(x), g], { dtype: x.dtype }), x], 1);
  return defineLayer<ValueTreeParams>({
    name,
    inShape,
    outShape: [0],
    ...(g > 0 && { condition: [G] }),
    inverseNoise: {
      choice: { shape: inShape, distribution: "uniform" },
      within: { shape: inShape, distribution: "uniform" },
    },
    parameterKinds:
      hidden > 0 ? { logs: "fixed", ranks: "fixed", ...(C > 0 && { contexts: "fixed" }) } : "fitted",
    facts: { frozenParameterKinds: {} }, // z does not depend on any of them
    init(key) {
      const logs = new Float32Array(S * S);
      for (const [s, c] of columns.entries()) logs[s * S + s] = -Math.log(sizes[c]!);
      return { logs: floats(logs, [S, S]), ...contextsOf([]), ...networkOf(key, Array.from(edges.keys())) };
    },
    forward(params, x, _noise, condition) {
      const { dtype } = x;
      const z = np.zeros([countOf(x), 0], { dtype });
      const here = beforeOwn(condition, inside(padded(x))); // [B, S]
      const known = np.sum(here.ref, 1);
      const { network } = params;
      const weights = logWeights(params, here.ref);
      const total = network && log(np.matmul(np.exp(weights.ref), pairsOf(boxes, dtype)));
      const logs = (total ? weights.sub(total) : weights).sub(row(logSteps, dtype));
      const isOwn = columns.map((c) => Number(c >= g));
      const contribution = np.sum(logs.mul(here).mul(row(isOwn, dtype)), 1);
      return { z, contribution: contribution.add(known.sub(n).mul(OUTSIDE)) };
    },
    inverse(params, z, { choice, within }: { choice: np.Array; within: np.Array }, condition) {
      z.dispose();
      const { dtype } = choice;
      const uniform = padded(choice);
      let drawn = beforeOwn(condition?.ref, np.zeros([countOf(uniform), S], { dtype }));
      // the value of a column is right once those before it are
      for (let round = g; round < n; round++) {
        const turn = params.ranks && np.equal(params.ranks.ref, round).astype(dtype).reshape([1, n]);
        const weights = np.exp(logWeights(tree.ref(params), drawn.ref, turn?.ref));
        const next = drawnBoxes(boxes, weights, uniform.ref);
        if (turn) drawn = drawn.add(next.mul(spread(turn)));
        else {
          drawn.dispose();
          drawn = beforeOwn(condition?.ref, next);
        }
      }
      tree.dispose(params);
      condition?.dispose();
      uniform.dispose();
      const x = gathered(drawn.ref, lows).add(gathered(drawn, widths).mul(padded(within).mul(WITHIN)));
      return x.slice([], [g, n]);
    },
    async initFromData(key, examples) {
      const values = await codesOf(examples, own);
      const codes = g === 0 ? values : behindGiven(values, examples.given);
      const logs = new Float32Array(S * S);
      const found = dependenceGraph({ codes, count: examples.count, sizes }, C, g);
      for (const [c, { parents, logs: own }] of found.entries()) {
        if (c < g) continue;
        const size = sizes[c]!;
        const [parent] = parents;
        for (const [pair, log] of own.entries()) {
          const to = (starts[c] as number) + (pair % size);
          const from = parent === undefined ? to : (starts[parent] as number) + Math.floor(pair / size);
          logs[from * S + to] = log;
        }
      }
      return { logs: floats(logs, [S, S]), ...contextsOf(found), ...networkOf(key, ranksOf(found)) };
    },
  });

  /** The values of each example behind those of its condition; the first ones where that is not known. */
  function behindGiven(values: Int32Array, condition: HostArray | undefined): Int32Array {
    const codes = new Int32Array((values.length / own.length) * n);
    for (let at = 0; at < codes.length; at++) {
      const [row, c] = [Math.floor(at / n), at % n];
      if (c >= g) codes[at] = values[row * own.length + c - g]!;
      else
        for (let k = 1; k < given[c]!; k++)
          if (condition?.data[row * G + starts[c]! + k] === 1) codes[at] = k;
    }
    return codes;
  }

  /** What several values together add, if they may: contexts that are not found add nothing. */
  function contextsOf(found: readonly Dependence[]): Pick<ValueTreeParams, "contexts"> {
    if (C === 0) return {};
    const [values, logs] = [new Float32Array(n * C * 3), new Float32Array(n * most * C)];
    for (const [c, { parents, contexts }] of found.entries())
      for (const [at, own] of contexts.entries()) {
        const all = own.values.map((value, i) => starts[parents[i]!]! + value);
        values.set([all[0]!, all[1]!, all[2] ?? all[0]!], (c * C + at) * 3);
        for (const [k, log] of own.logs.entries()) logs[(c * most + k) * C + at] = log;
      }
    return { contexts: { values: floats(values, [n, C * 3]), logs: floats(logs, [n, most * C]) } };
  }

  /** A network that adds nothing at first, and the order of the columns, if there are any. Consumes the key. */
  function networkOf(key: np.Array, ranks: readonly number[]): Pick<ValueTreeParams, "ranks" | "network"> {
    const network = hidden > 0 ? { network: net.init(key.ref, { lastZero: true }) } : {};
    key.dispose();
    return { ...(C + hidden > 0 && { ranks: floats(Float32Array.from(ranks)) }), ...network };
  }
}

/** The place of each column in an order in which it comes after those that it depends on. */
function ranksOf(found: readonly Dependence[]): number[] {
  const order = new Set<number>();
  const add = (c: number): void => {
    for (const parent of found[c]!.parents) if (!order.has(parent)) add(parent);
    order.add(c);
  };
  for (const c of found.keys()) add(c);
  return Array.from(found.keys(), (c) => [...order].indexOf(c));
}

export const valueTreeKind = defineKind({
  kind: "valueTree",
  options: schemas,
  flow: valueTree,
  outShape: () => [0],
});
