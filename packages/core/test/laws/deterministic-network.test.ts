/** A flowified network of given layers in deterministic mode, against the same network as it is written. */
import { random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { flowify } from "../../src/flowify.js";
import { makeRng } from "../../src/math/rng.js";
import { applyNetwork, outShape } from "../../src/network/apply-network.js";
import type { OrdinaryNetwork } from "../../src/network/network.js";
import { meanNoise } from "../../src/noise.js";
import { floats } from "../../src/params/host.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";

beforeAll(() => usePrecision("float32"));

const rng = makeRng(21);
const weights = (out: number, n: number) => ({
  weight: Float32Array.from({ length: out * n }, () => rng.normal() / Math.sqrt(n)),
  bias: Float32Array.from({ length: out }, () => rng.normal()),
});

const image = [2, 6, 5];
const alone = (layer: OrdinaryNetwork["layers"][number]): OrdinaryNetwork => ({
  inShape: image,
  layers: [layer],
});

const networks: { readonly [name: string]: OrdinaryNetwork } = {
  "max pooling": alone({ kind: "maxPool2d", kernel: 2, stride: 2 }),
  "max pooling that overlaps, padded": alone({ kind: "maxPool2d", kernel: 3, stride: 2, padding: 1 }),
  "max pooling, sides of their own": alone({
    kind: "maxPool2d",
    kernel: [2, 3],
    stride: [2, 1],
    dilation: [2, 1],
    padding: { bottom: 1, left: 2 },
  }),
  "max pooling with gaps": alone({ kind: "maxPool2d", kernel: 1, stride: 2 }),
  "average pooling": alone({ kind: "avgPool2d", kernel: 2, stride: 2 }),
  "average pooling that overlaps, padded": alone({ kind: "avgPool2d", kernel: 3, stride: 2, padding: 1 }),
  "average pooling, zeros counted": alone({
    kind: "avgPool2d",
    kernel: [2, 3],
    padding: { top: 1, right: 2 },
    countPadding: true,
  }),
  "average of the whole image": alone({ kind: "avgPool2d", kernel: [6, 5] }),
  padding: alone({ kind: "pad", top: 1, right: 2 }),
  "entry by entry": {
    inShape: image,
    layers: [
      { kind: "affine", scale: Float32Array.of(2, -1), shift: Float32Array.of(0.5) },
      { kind: "tanh" },
      { kind: "elu", alpha: 0.5 },
      { kind: "selu" },
      { kind: "softsign" },
      { kind: "clip", min: -0.2, max: 0.6 },
      { kind: "softplus" },
      { kind: "prelu", slope: 0.3 },
      { kind: "sigmoid" },
    ],
  },
  "a residual connection": alone({
    kind: "branches",
    branches: [
      [],
      [{ kind: "conv2d", out: 2, kernel: 3, padding: 1, weights: weights(2, 18) }, { kind: "relu" }],
    ],
    join: "add",
  }),
  "branches within branches, concatenated": alone({
    kind: "branches",
    branches: [
      [{ kind: "conv2d", out: 1, kernel: 1, weights: weights(1, 2) }],
      [],
      [
        { kind: "branches", branches: [[], [{ kind: "tanh" }], [{ kind: "relu" }]], join: "add" },
        { kind: "affine", scale: Float32Array.of(2) },
      ],
    ],
    join: "concat",
  }),
  "branches of rows": alone({
    kind: "branches",
    branches: [[{ kind: "maxPool2d", kernel: [2, 1], stride: [2, 1] }], [{ kind: "relu" }]],
    join: "concat",
    axis: 1,
  }),
  "a small classifier": {
    inShape: image,
    layers: [
      { kind: "conv2d", out: 4, kernel: 3, padding: 1, weights: weights(4, 18) },
      { kind: "relu" },
      { kind: "maxPool2d", kernel: 2, stride: 2 },
      { kind: "flatten" },
      { kind: "linear", out: 7, weights: weights(7, 24) },
      { kind: "relu" },
      { kind: "linear", out: 3, weights: weights(3, 7) },
    ],
  },
};

describe("deterministic mode is the network as it is written", () => {
  const ofCatalog = catalog.flatMap(({ name, network }) => (network ? [[name, network] as const] : []));

  it.each([...Object.entries(networks), ...ofCatalog])("%s", async (_, network) => {
    const count = 3;
    const data = Float32Array.from({ length: count * sizeOf(network.inShape) }, () => rng.normal());
    const x = () => floats(data, [count, ...network.inShape]);
    const made = flowify(network);
    const z = made.encode(made.init(random.key(1)), x(), meanNoise(made.forwardNoise, count));
    const plain = applyNetwork(network, x());
    expect(z.shape).toEqual(plain.shape);
    expect([count, ...outShape(network.layers, network.inShape)]).toEqual(plain.shape);
    expectClose(await numbersOf(z), await numbersOf(plain), "plain");
  });
});
