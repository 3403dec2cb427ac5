/** Functions as a user of the package writes them: a network, its gradient, a step of Adam, attention. */
import { grad, type JsTree, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { type Argument, type ArgumentSpec, argumentTree, type Tree } from "../src/arguments.js";
import { toOnnx } from "../src/index.js";
import { type ArrayType, leafPaths } from "../src/trace.js";
import { runJax, spread } from "./compare.js";
import type { HostArray } from "./host-array.js";

type A = np.Array;
type Params = { hidden: { w: A; b: A }; out: A };
type Moments = { first: Params; second: Params };

const mlp = ({ hidden: { w, b }, out }: Params, x: A): A => np.matmul(nn.relu(np.matmul(x, w).add(b)), out);

const loss = (params: Params, x: A): A => np.sum(np.square(mlp(params, x)));

const gradient = (params: Params, x: A): Params => grad(loss)(params, x);

/** One step of Adam on the mean loss of a batch of four. */
function adamStep(params: Params, { first, second }: Moments, rate: A, x: A) {
  const meanLoss = (p: Params, images: A): A => loss(p, images).div(4);
  const [value, slope] = valueAndGrad(meanLoss)(tree.ref(params), x);
  const mean = (old: A, now: A, decay: number): A => old.mul(decay).add(now.mul(1 - decay));
  const both = (f: (a: A, b: A) => A, a: Params, b: Params): Params =>
    tree.map(f as never, a as never, b as never);
  const m = both((old, now) => mean(old, now, 0.9), first, tree.ref(slope));
  const v = both((old, now) => mean(old, np.square(now), 0.999), second, slope);
  const step = both((a, b) => a.div(np.sqrt(b).add(1e-6)), tree.ref(m), tree.ref(v));
  const next = both((p, s) => p.sub(s.mul(rate.ref)), params, step);
  rate.dispose();
  return { loss: value, params: next, moments: { first: m, second: v } };
}

/** softmax(q kᵀ / √d + mask) v of x [batch, length, width]; the mask [length, length] hides what comes later. */
function attention(x: A, mask: A, weights: { q: A; k: A; v: A }): A {
  const [q, k, v] = [weights.q, weights.k, weights.v].map((w) => np.matmul(x.ref, w)) as [A, A, A];
  const scores = np.matmul(q, np.swapaxes(k, 1, 2)).div(2);
  x.dispose();
  return np.matmul(nn.softmax(scores.add(mask), -1), v);
}

export type Example = Readonly<{
  name: string;
  f: (...args: never[]) => JsTree<A>;
  args: Readonly<Record<string, Tree<ArgumentSpec>>>;
  /** Names of the results. */
  results: readonly string[];
}>;

const params = { hidden: { w: { shape: [5, 7] }, b: { shape: [7] } }, out: { shape: [7, 2] } };
const leaves = ["hidden.w", "hidden.b", "out"];
const square = { shape: [4, 4] };

export const examples: readonly Example[] = [
  { name: "mlp", f: mlp, args: { params, x: { shape: ["batch", 5] } }, results: ["out"] },
  {
    name: "gradient",
    f: gradient,
    args: { params, x: { shape: ["batch", 5] } },
    results: leaves.map((path) => `out.${path}`),
  },
  {
    name: "adam-step",
    f: adamStep,
    args: { params, moments: { first: params, second: params }, rate: { shape: [] }, x: { shape: [4, 5] } },
    results: [
      "out.loss",
      ...["params", "moments.first", "moments.second"].flatMap((part) =>
        leaves.map((path) => `out.${part}.${path}`),
      ),
    ],
  },
  {
    name: "attention",
    f: attention,
    args: {
      x: { shape: ["batch", "length", 4] },
      mask: { shape: ["length", "length"] },
      weights: { q: square, k: square, v: { shape: [4, 3] } },
    },
    results: ["out"],
  },
];

/** The file of an example. */
export const fileOf = ({ f, args }: Example, options: Parameters<typeof toOnnx>[2] = {}): Uint8Array =>
  toOnnx(f, args, options);

/** Values of all inputs for sizes of the symbols, by name, and the results of jax-js in order. */
export function ran(
  { f, args }: Example,
  sizes: Readonly<Record<string, number>>,
): { inputs: ReadonlyMap<string, HostArray>; results: HostArray[] } {
  const trees = Object.entries(args).map(([key, spec]) => [key, argumentTree(spec, key)] as const);
  const known = new Map(Object.entries(sizes));
  const paths = trees.flatMap(([key, node]) => leafPaths(node, key));
  const types: ArrayType[] = [];
  for (const [, node] of trees) types.push(...tree.leaves<Argument>(node).map((leaf) => leaf.of(known)));
  const values = types.map(({ shape, dtype }, i) => {
    const { data, ...rest } = spread(shape, dtype, i + 1);
    // second moments are squares
    return paths[i]?.startsWith("moments.second") ? { ...rest, data: data.map(Math.abs) } : { ...rest, data };
  });
  const results = runJax((...leavesOf) => {
    const left = leavesOf.values();
    const filled = trees.map(([, node]) =>
      tree.map<Argument, A, JsTree<Argument>>(() => left.next().value as A, node),
    );
    return f(...(filled as never[]));
  }, values);
  return { inputs: new Map(values.map((value, i) => [paths[i] as string, value])), results };
}
