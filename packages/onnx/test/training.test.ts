/** Programs that no flow of ours contains, trained in ONNX Runtime and by jax-js: the same losses. */
import { type Executor, HostArray, jaxExecutor } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { DType, type JsTree, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { expect, it } from "vitest";
import { native, wasm } from "./compare.js";

type A = np.Array;
type Params = { [name: string]: A };
type Shapes = { readonly [name: string]: readonly number[] };
type Loss = (params: Params, x: A, y: A) => A;

const STEPS = 100;
const RATE = 0.05;

/** A step of gradient descent: the loss, and the parameters that it leads to. */
const step = (loss: Loss) => (params: Params, x: A, y: A) => {
  const [value, slopes] = valueAndGrad(loss)(tree.ref(params), x, y) as unknown as [A, Params];
  const next = Object.entries(params).map(([name, p]) => [name, p.sub((slopes[name] as A).mul(RATE))]);
  return { loss: value, params: Object.fromEntries(next) as Params };
};

function random(shape: readonly number[], seed: number, scale: number): HostArray {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  makeRng(seed).fillNormal(data);
  return new HostArray(
    data.map((v) => scale * v),
    shape,
    DType.Float32,
  );
}

async function train(
  executor: Executor,
  loss: Loss,
  shapes: Shapes,
  data: readonly HostArray[],
): Promise<number[]> {
  let params: JsTree<HostArray> = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const fanIn = shape.length > 1 ? shape.slice(1).reduce((a, b) => a * b, 1) : 1;
      return [name, random(shape, i + 1, shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0)];
    }),
  );
  const args = [params, ...data];
  const specs = args.map((arg) =>
    tree.map((a) => new ArraySpec((a as HostArray).shape, (a as HostArray).dtype), arg as never),
  );
  const compiled = await executor.compile(step(loss), specs, { name: "step" });
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const placed = await compiled.run([params, ...data]);
    const next = (await executor.fetch(placed)) as unknown as { loss: HostArray; params: JsTree<HostArray> };
    executor.release(placed);
    losses.push(next.loss.data[0] as number);
    params = next.params;
  }
  await compiled.dispose();
  return losses;
}

const dense = (x: A, w: A, b: A): A => np.matmul(x, np.transpose(w)).add(b);
const p = (params: Params, name: string): A => params[name] as A;

const classifier: Loss = (params, x, y) => {
  const h = nn.relu(dense(x, p(params, "w1"), p(params, "b1")));
  const logits = dense(h, p(params, "w2"), p(params, "b2"));
  return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(y), -1)).neg();
};

const D = 8;

/** Layer norm, one head of attention, a residual connection, a dense layer after each position. */
const transformer: Loss = (params, x, y) => {
  const centred = x.ref.sub(np.mean(x.ref, -1, { keepdims: true }));
  const spread = np.sqrt(np.mean(np.square(centred.ref), -1, { keepdims: true }).add(1e-5));
  const h = centred.div(spread);
  const project = (name: string): A => np.matmul(h.ref, p(params, name));
  const [q, k, v] = [project("q"), project("k"), project("v")];
  h.dispose();
  const weights = nn.softmax(np.matmul(q, np.transpose(k, [0, 2, 1])).mul(1 / Math.sqrt(D)), -1);
  const mixed = x.add(np.matmul(weights, v));
  const hidden = nn.gelu(np.matmul(mixed.ref, p(params, "up")));
  const out = mixed.add(np.matmul(hidden, p(params, "down")));
  return np.mean(np.square(out.sub(y)));
};

const autoencoder: Loss = (params, x, y) => {
  const down = nn.relu(lax.convGeneralDilated(x, p(params, "down"), [2, 2], "SAME"));
  const code = nn.relu(lax.convGeneralDilated(down, p(params, "code"), [1, 1], "SAME"));
  const up = lax.convWithGeneralPadding(
    code,
    p(params, "up"),
    [1, 1],
    [
      [2, 2],
      [2, 2],
    ],
    [2, 2],
    [1, 1],
  );
  return np.mean(np.square(up.sub(y)));
};

const oneHot = (count: number, classes: number): HostArray => {
  const data = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) data[i * classes + ((i * 7) % classes)] = 1;
  return new HostArray(data, [count, classes], DType.Float32);
};

const programs: readonly [string, Loss, Shapes, readonly HostArray[]][] = [
  [
    "dense classifier",
    classifier,
    { w1: [16, 10], b1: [16], w2: [4, 16], b2: [4] },
    [random([32, 10], 50, 1), oneHot(32, 4)],
  ],
  [
    "transformer block",
    transformer,
    { q: [D, D], k: [D, D], v: [D, D], up: [D, 2 * D], down: [2 * D, D] },
    [random([4, 6, D], 60, 1), random([4, 6, D], 61, 1)],
  ],
  [
    "convolutional autoencoder",
    autoencoder,
    { down: [6, 1, 3, 3], code: [4, 6, 3, 3], up: [1, 4, 4, 4] },
    [random([8, 1, 8, 8], 70, 1), random([8, 1, 8, 8], 70, 1)],
  ],
];

it.each(programs)("%s: 100 steps", async (_, loss, shapes, data) => {
  const ours = await train(await native(), loss, shapes, data);
  const inWasm = await train(await wasm(), loss, shapes, data);
  const jax = jaxExecutor();
  const theirs = await train(jax, loss, shapes, data);
  expect(ours.at(-1)).toBeLessThan(0.9 * (ours[0] as number));
  for (const losses of [ours, inWasm])
    losses.forEach((value, i) => expect(Math.abs(value / (theirs[i] as number) - 1)).toBeLessThan(1e-4));
  await jax.dispose();
});
