/**
 * Trains the example of the tab *Your network*: a classifier of digits, 784 → 32 → 10 with a ReLU between, on pixels from 0 to
 * 1, by stochastic gradient descent with momentum on the cross-entropy. Prints its accuracy on the test digits.
 *
 *     node --conditions=@flowify/source --import tsx scripts/playground-classifier.ts
 *
 * writes apps/playground/public/classifier.onnx.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { permutation } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { toBytes } from "@flowify/onnx";
import { blockUntilReady, grad, jit, nn, numpy as np, tree } from "@jax-js/jax";
import { loadDataSet } from "flowify";
import { constant, nodesOf } from "../test/onnx-graph.js";

const [PIXELS, HIDDEN, CLASSES] = [784, 32, 10];
const [EPOCHS, BATCH, MOMENTUM] = [10, 32, 0.9];
/** Peak step size, which decays to zero along half a cosine; and the weight decay per step. */
const [RATE, DECAY] = [0.03, 1e-4];

type Params = { weight1: np.Array; bias1: np.Array; weight2: np.Array; bias2: np.Array };

/** x [B, 784] ↦ logits [B, 10]. */
function classify({ weight1, bias1, weight2, bias2 }: Params, x: np.Array): np.Array {
  const hidden = nn.relu(np.matmul(x, np.transpose(weight1)).add(bias1));
  return np.matmul(hidden, np.transpose(weight2)).add(bias2);
}

/** −mean log softmax(logits)_label. */
const crossEntropy = (params: Params, x: np.Array, labels: np.Array): np.Array =>
  np.sum(nn.logSoftmax(classify(params, x)).mul(nn.oneHot(labels, CLASSES))).div(-BATCH);

const step = jit((params: Params, speed: Params, x: np.Array, labels: np.Array, rate: np.Array) => {
  const slope = grad(crossEntropy)(tree.ref(params), x, labels);
  const faster = tree.map(
    (v: np.Array, g: np.Array, p: np.Array) => v.mul(MOMENTUM).add(g).add(p.mul(DECAY)),
    speed,
    slope,
    tree.ref(params),
  );
  const next = tree.map((p: np.Array, v: np.Array) => p.sub(v.mul(rate.ref)), params, tree.ref(faster));
  rate.dispose();
  return { params: next, speed: faster };
});

const digits = await loadDataSet({ name: "mnist" }, "train");
const labels = digits.labels as Uint8Array;
const rng = makeRng(0, 1);
const normal = (out: number, from: number): np.Array =>
  np.array(
    Float32Array.from({ length: out * from }, () => rng.normal() * Math.sqrt(2 / from)),
    { shape: [out, from] },
  );
const start: Params = {
  weight1: normal(HIDDEN, PIXELS),
  bias1: np.zeros([HIDDEN]),
  weight2: normal(CLASSES, HIDDEN),
  bias2: np.zeros([CLASSES]),
};
let state = { params: start, speed: tree.map((p: np.Array) => np.zerosLike(p), tree.ref(start)) };

const pixelsOf = (images: Uint8Array): np.Array =>
  np.array(
    Float32Array.from(images, (pixel) => pixel / 255),
    { shape: [images.length / PIXELS, PIXELS] },
  );
const perEpoch = Math.floor(digits.count / BATCH);
const steps = EPOCHS * perEpoch;
const images = new Uint8Array(BATCH * PIXELS);
let order: Uint32Array = new Uint32Array();
for (let t = 0; t < steps; t++) {
  const at = t % perEpoch;
  if (at === 0) order = permutation(rng, digits.count);
  const chosen = order.subarray(at * BATCH, (at + 1) * BATCH);
  chosen.forEach((i, k) => {
    images.set(digits.images.subarray(i * PIXELS, (i + 1) * PIXELS), k * PIXELS);
  });
  const wanted = np.array(Int32Array.from(chosen, (i) => labels[i]!));
  const rate = np.array((RATE * (1 + Math.cos((Math.PI * t) / steps))) / 2);
  state = await blockUntilReady(step(state.params, state.speed, pixelsOf(images), wanted, rate));
}

const tests = await loadDataSet({ name: "mnist" }, "test");
const found = await np.argmax(classify(tree.ref(state.params), pixelsOf(tests.images)), 1).data();
const right = (tests.labels as Uint8Array).filter((label, i) => label === found[i]).length;
const bytes = toBytes({
  name: "digits",
  inputs: [{ name: "pixels", type: "float32", shape: ["N", 1, 28, 28] }],
  outputs: [{ name: "logits", type: "float32", shape: ["N", CLASSES] }],
  nodes: nodesOf([
    ["Flatten", ["pixels"], "flat"],
    ["Gemm", ["flat", "weight1", "bias1"], "hidden", { transB: 1 }],
    ["Relu", ["hidden"], "active"],
    ["Gemm", ["active", "weight2", "bias2"], "logits", { transB: 1 }],
  ]),
  constants: await Promise.all(
    Object.entries(state.params).map(async ([name, array]) =>
      constant(name, array.shape, (await array.data()) as Float32Array),
    ),
  ),
});
const path = fileURLToPath(new URL("../apps/playground/public/classifier.onnx", import.meta.url));
writeFileSync(path, bytes);
console.log(
  `${path}: ${bytes.length} bytes, ${((100 * right) / tests.count).toFixed(2)} % of ${tests.count} test digits right`,
);
