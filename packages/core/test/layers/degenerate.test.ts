/** Data without variance: the data-dependent start, log p, its gradient and draws stay finite. */
import { random, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { initChain } from "../../src/chain.js";
import type { Flow, FlowParams } from "../../src/flow.js";
import { flowify } from "../../src/flowify.js";
import { makeRng } from "../../src/math/rng.js";
import type { NetworkLayer } from "../../src/network/network.js";
import { drawNoise, mapTreeOfNoise, type NoiseSpec, type NoiseTree } from "../../src/noise.js";
import { floats, fromHost } from "../../src/params/host.js";
import type { HostArray } from "../../src/params/host-array.js";
import { treeRef } from "../../src/params/pytree.js";
import { call, gradient, numbersOf, readAll } from "../../src/testing/arrays.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

const inShape = [2, 4, 4];
const PIXELS = 32;

const networks: { readonly [name: string]: readonly NetworkLayer[] } = {
  "convolutions as the paper's": [
    { kind: "dequantize" },
    { kind: "conv2d", out: 3, kernel: 3, stride: 2 },
    { kind: "rqSpline" },
    { kind: "coupling", stack: 2, hidden: 4 },
    { kind: "conv2d", out: 6, kernel: 2, stride: 2 },
    { kind: "flatten" },
    { kind: "linear", out: 2 },
  ],
  "convolutions that widen, leave gaps and come in groups": [
    { kind: "dequantize" },
    { kind: "conv2d", out: 4, kernel: 1, groups: 2 },
    { kind: "actnorm" },
    { kind: "conv2d", out: 2, kernel: 2, stride: 3, padding: 1 },
    { kind: "prelu" },
    { kind: "reshape", shape: [2, 4] },
    { kind: "conv1d", out: 2, kernel: 2, stride: 2 },
  ],
  "squeezed, normed and split": [
    { kind: "variationalDequantize", hidden: 4 },
    { kind: "marginal" },
    { kind: "squeeze" },
    { kind: "actnorm" },
    { kind: "permuteChannels", seed: 1 },
    { kind: "coupling", stack: 1, hidden: 4 },
    { kind: "split" },
    { kind: "unsqueeze" },
    { kind: "flatten" },
    { kind: "whiten" },
    { kind: "linear", out: 3 },
    { kind: "gaussianMixture", components: 3 },
  ],
  "a mixture of flows": [
    { kind: "dequantize" },
    { kind: "flatten" },
    {
      kind: "flowMixture",
      members: [[{ kind: "marginal" }, { kind: "whiten" }], [{ kind: "gaussianMixture" }]],
    },
  ],
  "a row of values and numbers": [
    { kind: "dequantize" },
    { kind: "flatten" },
    {
      kind: "mixedRow",
      columns: [0],
      edges: [[-1e3, 128, 1e3]],
      layers: [
        { kind: "impute", numbers: [1, 0], known: [0, 1] },
        { kind: "whiten", scaled: true },
      ],
    },
  ],
  "what given networks are made of": [
    { kind: "dequantize" },
    { kind: "affine", scale: Float32Array.of(2, -3), shift: Float32Array.of(-1, 1) },
    { kind: "relu" },
    { kind: "conv2d", out: 3, kernel: 2, stride: 2 },
    { kind: "clip", min: -1, max: 1 },
    { kind: "branches", branches: [[], [{ kind: "affine" }, { kind: "tanh" }]], join: "add" },
    { kind: "maxPool2d", kernel: 2 },
    { kind: "avgPool2d", kernel: 1 },
    { kind: "flatten" },
    { kind: "linear", out: 2 },
  ],
};

const noisy = (count: number): Float32Array => {
  const rng = makeRng(3);
  return Float32Array.from({ length: count * PIXELS }, () => rng.integer(256));
};

/** Every example the same; or few examples; or a part that never varies. */
const data: { readonly [name: string]: Float32Array } = {
  "all black": new Float32Array(6 * PIXELS),
  "all white": new Float32Array(6 * PIXELS).fill(255),
  constant: new Float32Array(6 * PIXELS).fill(77),
  "one example": noisy(1),
  "two examples": noisy(2),
  "five examples": noisy(5),
  "one black example": new Float32Array(PIXELS),
  "a channel that never varies": noisy(6).map((v, i) => (i % PIXELS < PIXELS / 2 ? 9 : v)),
  "one image many times": Float32Array.from({ length: 6 * PIXELS }, (_, i) => noisy(1)[i % PIXELS] as number),
};

const noiseOf = (spec: NoiseSpec, batch: number): NoiseTree =>
  mapTreeOfNoise(drawNoise(spec, batch, makeRng(7)), (a) => fromHost(a));

const imagesOf = (examples: Float32Array) => floats(examples, [examples.length / PIXELS, ...inShape]);

async function expectFinite(made: Flow, params: FlowParams, examples: Float32Array): Promise<void> {
  const logs = made.logProb(
    treeRef(params),
    imagesOf(examples),
    noiseOf(made.forwardNoise, examples.length / PIXELS),
  );
  expect((await numbersOf(logs)).every(Number.isFinite)).toBe(true);
}

async function expectFiniteGradient(made: Flow, params: FlowParams, examples: Float32Array): Promise<void> {
  const noise = noiseOf(made.forwardNoise, examples.length / PIXELS);
  const loss = (own: FlowParams) => made.logProb(own, imagesOf(examples), noise).mean();
  const slopes = await readAll(call(gradient(loss), [treeRef(params)]));
  expect(slopes.flat().every(Number.isFinite)).toBe(true);
}

/** What npm test runs; all pairs are tests of npm run test:long. */
const quick: { readonly [network: string]: readonly string[] } = {
  "convolutions as the paper's": ["all black"],
  "squeezed, normed and split": ["one example"],
  "a mixture of flows": ["all black", "one example"],
};

describe.each(Object.entries(networks))("%s", (what, layers) => {
  for (const [name, examples] of Object.entries(data))
    it(`${name}`, {
      tags: quick[what]?.includes(name) ? [] : ["long"],
    }, async () => {
      const made = flowify({ inShape, layers });
      const params = await initChain(
        made.chain,
        random.key(1),
        examplesOf(examples, examples.length / PIXELS, inShape),
      );
      expect((await readAll(treeRef(params))).flat().every(Number.isFinite)).toBe(true);
      await expectFinite(made, params, examples);
      await expectFinite(made, params, noisy(2)); // examples of another kind
      if (["all black", "one example"].includes(name)) await expectFiniteGradient(made, params, examples);
      const z = drawNoise(made.baseNoise, 2, makeRng(5)) as { normal: HostArray };
      const drawn = made.decode(treeRef(params), fromHost(z.normal), noiseOf(made.inverseNoise, 2));
      expect((await numbersOf(drawn)).every((v) => v >= 0 && v <= 255)).toBe(true);
      tree.dispose(params);
    });
});
