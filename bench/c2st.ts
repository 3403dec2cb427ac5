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

type Layers = { weight: np.Array; bias: np.Array }[];
type State = { params: Layers; first: Layers; second: Layers };

/** Logit of the second class, [B]. */
function logit(params: Layers, x: np.Array): np.Array {
  const z = params.reduce((h, { weight, bias }, i) => {
    const next = np.matmul(h, weight).add(bias);
    return i < params.length - 1 ? nn.relu(next) : next;
  }, x);
  return z.reshape([-1]);
}

/** Cross-entropy of labels 0 and 1 and what shrinks the weights. */
function loss(params: Layers, x: np.Array, labels: np.Array): np.Array {
  const shrink = params.map(({ weight }) => np.sum(np.square(weight.ref))).reduce((a, b) => a.add(b));
  const z = logit(params, x);
  const entropy = np.mean(softplus(z.ref).sub(z.mul(labels)));
  return entropy.add(shrink.mul((0.5 * DECAY) / BATCH));
}

/** One step of Adam; `rate` has its corrections of both moments. */
function step(state: State, x: np.Array, labels: np.Array, rate: np.Array): [State, np.Array] {
  const { params } = state;
  const [value, slope] = valueAndGrad(loss)(tree.ref(params), x, labels) as unknown as [np.Array, Layers];
  const average = (beta: number) => (before: np.Array, now: np.Array) =>
    before.mul(beta).add(now.mul(1 - beta));
  const first = tree.map(average(BETA1), state.first, tree.ref(slope));
  const second = tree.map(average(BETA2), state.second, tree.map(np.square, slope));
  const moved = (p: np.Array, m: np.Array, v: np.Array) =>
    p.sub(m.div(np.sqrt(v).add(EPSILON)).mul(rate.ref));
  const next = { params: tree.map(moved, params, tree.ref(first), tree.ref(second)), first, second };
  rate.dispose();
  return [next, value];
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
        weight: filled([from, to], () => make(limit)),
        bias: filled([to], () => make(limit)),
      };
    });
  return {
    params: layers((limit) => limit * (2 * rng.uniform() - 1)),
    first: layers(() => 0),
    second: layers(() => 0),
  };
}

/**
 * The accuracy of a classifier of two samples, rows of `dim` numbers: 0.5 where they are of one distribution. Two
 * hidden layers of 10 · dim, on numbers that are standardized by the first sample, five-fold cross-validation.
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
  const widths = [dim, 10 * dim, 10 * dim, 1];
  const rng = makeRng(seed, 1);
  const order = permutation(rng, count);
  const state = freshState(widths, rng);
  const scalar = new ArraySpec([], np.float32);
  const train = await executor.compile(
    step,
    [specOf(state), new ArraySpec([BATCH, dim], np.float32), new ArraySpec([BATCH], np.float32), scalar],
    { name: "c2st" },
  );
  const test = Math.floor(count / FOLDS);
  const look = await executor.compile(logit, [specOf(state.params), new ArraySpec([test, dim], np.float32)], {
    name: "c2st look",
  });
  const gather = (indices: Uint32Array): HostArray =>
    array(takeRows(rows, dim, indices), [indices.length, dim]);
  let right = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = order.slice(fold * test, (fold + 1) * test);
    const own = Uint32Array.from([...order.subarray(0, fold * test), ...order.subarray((fold + 1) * test)]);
    let placed = await executor.place(freshState(widths, rng));
    let [best, worse, taken] = [Number.POSITIVE_INFINITY, 0, 0];
    for (let epoch = 0; epoch < MOST_EPOCHS && worse < PATIENCE; epoch++) {
      const shuffled = permutation(rng, own.length);
      let sum = 0;
      let steps = 0;
      for (let at = 0; at + BATCH <= own.length; at += BATCH) {
        const batch = Uint32Array.from(shuffled.subarray(at, at + BATCH), (i) => own[i] as number);
        taken++;
        const rate = (RATE * Math.sqrt(1 - BETA2 ** taken)) / (1 - BETA1 ** taken);
        const wanted = Float32Array.from(batch, (row) => labels[row] as number);
        const [next, value] = (await train.run([
          placed,
          gather(batch),
          array(wanted, [BATCH]),
          array(Float32Array.of(rate), []),
        ] as never)) as unknown as [typeof placed, typeof placed];
        executor.release(placed);
        placed = next;
        sum += (await executor.fetch<HostArray>(value)).data[0] as number;
        executor.release(value);
        steps++;
      }
      const mean = sum / steps;
      worse = mean > best - TOLERANCE ? worse + 1 : 0;
      best = Math.min(best, mean);
    }
    const trained = (await executor.fetch(placed)) as unknown as { params: unknown };
    executor.release(placed);
    const result = await look.run([trained.params, gather(held)] as never);
    const logits = await executor.fetch<HostArray>(result);
    executor.release(result);
    held.forEach((row, i) => {
      if ((logits.data[i] as number) > 0 === (labels[row] as number) > 0.5) right++;
    });
  }
  await train.dispose();
  await look.dispose();
  return right / (FOLDS * test);
}

function standardized(first: Float32Array, second: Float32Array, dim: number): Float32Array {
  const survey = surveyColumns({ rows: first, count: first.length / dim, shape: [dim] });
  return Float32Array.from([...first, ...second], (value, i) => {
    const { mean = 0, std = 1 } = survey[i % dim] ?? {};
    return (value - mean) / (std || 1);
  });
}
