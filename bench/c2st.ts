import { type Executor, HostArray } from "@flowify/core";
import { ArraySpec, permutation, treeMap } from "@flowify/core/internal";
import { makeRng, type Rng, sizeOf, softplus } from "@flowify/core/layer";
import { type JsTree, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { surveyColumns } from "../packages/cli/src/data/column-survey.js";
import { takeRows } from "../packages/cli/src/rows.js";

/** Settings of the classifier, those of scikit-learn's `MLPClassifier`. */
const BATCH = 200;
const [RATE, BETA1, BETA2, EPSILON, DECAY] = [1e-3, 0.9, 0.999, 1e-8, 1e-4];
const MOST_EPOCHS = 1000;
/** Epochs without a training loss better by `TOLERANCE` after which training ends. */
const [PATIENCE, TOLERANCE] = [10, 1e-4];
const FOLDS = 5;

/** One network for each fold, in arrays of `FOLDS` of them. */
type Layers = { weight: np.Array; bias: np.Array }[];
/** With the sum of the losses of an epoch so far, [FOLDS]. */
type State = { params: Layers; first: Layers; second: Layers; loss: np.Array };

/** Logits of the second class, [FOLDS, B], for rows [FOLDS, B, dim]. */
function logit(params: Layers, x: np.Array): np.Array {
  const z = params.reduce((h, { weight, bias }, i) => {
    const next = np.matmul(h, weight).add(bias);
    return i < params.length - 1 ? nn.relu(next) : next;
  }, x);
  return z.reshape([FOLDS, -1]);
}

/** Cross-entropy of labels 0 and 1 and what shrinks the weights, [FOLDS]. */
function losses(params: Layers, x: np.Array, labels: np.Array): np.Array {
  const shrink = params.map(({ weight }) => np.sum(np.square(weight.ref), [1, 2])).reduce((a, b) => a.add(b));
  const z = logit(params, x);
  const entropy = np.mean(softplus(z.ref).sub(z.mul(labels)), 1);
  return entropy.add(shrink.mul((0.5 * DECAY) / BATCH));
}

/** Their sum: the slope of each network is that of its own loss. With the losses beside it. */
function lossOfAll(params: Layers, x: np.Array, labels: np.Array): [np.Array, np.Array] {
  const each = losses(params, x, labels);
  return [np.sum(each.ref), each];
}

/** One step of Adam; `rate`, [FOLDS], has its corrections of both moments, and is 0 for a network that has ended; `isFirst`: 1 at the first step of an epoch. */
function step(state: State, x: np.Array, labels: np.Array, rate: np.Array, isFirst: np.Array): State {
  const { params } = state;
  const [[total, each], slope] = valueAndGrad(lossOfAll, { hasAux: true })(
    tree.ref(params),
    x,
    labels,
  ) as unknown as [[np.Array, np.Array], Layers];
  total.dispose();
  const average = (beta: number) => (before: np.Array, now: np.Array) =>
    before.mul(beta).add(now.mul(1 - beta));
  const first = tree.map(average(BETA1), state.first, tree.ref(slope));
  const second = tree.map(average(BETA2), state.second, tree.map(np.square, slope));
  const rates = rate.reshape([FOLDS, 1, 1]);
  const moved = (p: np.Array, m: np.Array, v: np.Array) =>
    p.sub(m.div(np.sqrt(v).add(EPSILON)).mul(rates.ref));
  const next = tree.map(moved, params, tree.ref(first), tree.ref(second));
  rates.dispose();
  return { params: next, first, second, loss: state.loss.mul(np.subtract(1, isFirst)).add(each) };
}

const array = (data: Float32Array, shape: readonly number[]): HostArray =>
  new HostArray(data, shape, np.float32);

const filled = (shape: readonly number[], make: () => number): HostArray =>
  array(Float32Array.from({ length: sizeOf(shape) }, make), shape);

const specOf = (arrays: JsTree<HostArray>): JsTree<ArraySpec> =>
  treeMap((leaf: HostArray) => new ArraySpec(leaf.shape, leaf.dtype), arrays);

/** As scikit-learn: uniform within ±√(6 / (from + to)), ReLU. */
function freshState(widths: readonly number[], rng: Rng) {
  const layers = (make: (limit: number) => number) =>
    widths.slice(1).map((to, i) => {
      const from = widths[i] as number;
      const limit = Math.sqrt(6 / (from + to));
      return {
        weight: filled([FOLDS, from, to], () => make(limit)),
        bias: filled([FOLDS, 1, to], () => make(limit)),
      };
    });
  return {
    params: layers((limit) => limit * (2 * rng.uniform() - 1)),
    first: layers(() => 0),
    second: layers(() => 0),
    loss: filled([FOLDS], () => 0),
  };
}

/** What each network learns from and is judged by: row numbers. */
function foldsOf(order: Uint32Array): { held: Uint32Array; own: Uint32Array }[] {
  const test = Math.floor(order.length / FOLDS);
  return Array.from({ length: FOLDS }, (_, fold) => ({
    held: order.slice(fold * test, (fold + 1) * test),
    own: Uint32Array.from([...order.subarray(0, fold * test), ...order.subarray((fold + 1) * test)]),
  }));
}

/**
 * The accuracy of a classifier of two samples, rows of `dim` numbers: 0.5 where they are of one distribution. Two
 * hidden layers of 10 · dim, on numbers that are standardized by the first sample, five-fold cross-validation. The five
 * networks are trained side by side, in one program, and each ends when its own loss does not fall.
 *
 * Source: Lopez-Paz and Oquab 2017; Lueckmann et al. 2021, appendix.
 */
export async function c2st(
  executor: Executor,
  first: Float32Array,
  second: Float32Array,
  dim: number,
  seed = 1,
): Promise<number> {
  const rows = standardized(first, second, dim);
  const count = rows.length / dim;
  const labels = Float32Array.from({ length: count }, (_, i) => (i < first.length / dim ? 0 : 1));
  const rng = makeRng(seed, 1);
  const folds = foldsOf(permutation(rng, count));
  const state = freshState([dim, 10 * dim, 10 * dim, 1], rng);
  const batches = new ArraySpec([FOLDS, BATCH], np.float32);
  const train = await executor.compile(
    step,
    [
      specOf(state),
      new ArraySpec([FOLDS, BATCH, dim], np.float32),
      batches,
      new ArraySpec([FOLDS], np.float32),
      new ArraySpec([], np.float32),
    ],
    { name: "c2st" },
  );
  const test = Math.floor(count / FOLDS);
  const look = await executor.compile(
    logit,
    [specOf(state.params), new ArraySpec([FOLDS, test, dim], np.float32)],
    { name: "c2st look" },
  );
  const together = (chosen: readonly Uint32Array[]): Uint32Array =>
    Uint32Array.from(chosen.flatMap((indices) => [...indices]));
  /** Rows of each fold, [FOLDS, n, dim]. */
  const gather = (chosen: Uint32Array): HostArray =>
    array(takeRows(rows, dim, chosen), [FOLDS, chosen.length / FOLDS, dim]);
  let placed = await executor.place(state);
  const ends = folds.map(() => ({ best: Number.POSITIVE_INFINITY, worse: 0 }));
  let taken = 0;
  for (let epoch = 0; epoch < MOST_EPOCHS && ends.some(({ worse }) => worse < PATIENCE); epoch++) {
    const shuffled = folds.map(({ own }) => permutation(rng, own.length).map((i) => own[i] as number));
    const steps = Math.floor((folds[0]?.own.length ?? 0) / BATCH);
    for (let at = 0; at < steps; at++) {
      const chosen = together(shuffled.map((own) => own.subarray(at * BATCH, (at + 1) * BATCH)));
      taken++;
      const rate = (RATE * Math.sqrt(1 - BETA2 ** taken)) / (1 - BETA1 ** taken);
      const wanted = Float32Array.from(chosen, (row) => labels[row] as number);
      const rates = Float32Array.from(ends, ({ worse }) => (worse < PATIENCE ? rate : 0));
      const next: typeof placed = await train.run([
        placed,
        gather(chosen),
        array(wanted, [FOLDS, BATCH]),
        array(rates, [FOLDS]),
        array(Float32Array.of(at === 0 ? 1 : 0), []),
      ] as never);
      executor.release(placed);
      placed = next;
    }
    const sums = await executor.fetch<HostArray>(placed.loss);
    ends.forEach((end, fold) => {
      const mean = (sums.data[fold] as number) / steps;
      if (end.worse < PATIENCE) end.worse = mean > end.best - TOLERANCE ? end.worse + 1 : 0;
      end.best = Math.min(end.best, mean);
    });
  }
  const held = together(folds.map((fold) => fold.held));
  const result = await look.run([placed.params, gather(held)] as never);
  executor.release(placed);
  const logits = await executor.fetch<HostArray>(result);
  executor.release(result);
  await train.dispose();
  await look.dispose();
  const right = held.filter((row, i) => (logits.data[i] as number) > 0 === (labels[row] as number) > 0.5);
  return right.length / held.length;
}

function standardized(first: Float32Array, second: Float32Array, dim: number): Float32Array {
  const survey = surveyColumns({ rows: first, count: first.length / dim, shape: [dim] });
  return Float32Array.from([...first, ...second], (value, i) => {
    const { mean = 0, std = 1 } = survey[i % dim] ?? {};
    return (value - mean) / (std || 1);
  });
}
