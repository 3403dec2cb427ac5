/** Densities of what given networks are made of: they integrate to 1, meet closed forms, and bounds are bounds. */

import { numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../src/base.js";
import { chain } from "../src/chain.js";
import type { ConditionalDensityFactory } from "../src/densities/conditional.js";
import { gaussian } from "../src/densities/gaussian.js";
import { type Flow, flow } from "../src/flow.js";
import { flowify } from "../src/flowify.js";
import type { FlowLayer } from "../src/layer.js";
import { affine } from "../src/layers/affine.js";
import { append } from "../src/layers/append.js";
import { avgPool2d } from "../src/layers/avg-pool2d.js";
import { branches } from "../src/layers/branches.js";
import { gaussianMixture } from "../src/layers/gaussian-mixture.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { linear } from "../src/layers/linear.js";
import { maxPool2d } from "../src/layers/max-pool2d.js";
import { type MonotoneFunction, monotone } from "../src/layers/monotone.js";
import { opaque } from "../src/layers/opaque.js";
import { clip, relu } from "../src/layers/relu.js";
import { reshape } from "../src/layers/reshape.js";
import { selfGated } from "../src/layers/self-gated.js";
import { split } from "../src/layers/split.js";
import { take } from "../src/layers/take.js";
import { nth } from "../src/lists.js";
import { normalCdf } from "../src/math/normal.js";
import { makeRng } from "../src/math/rng.js";
import type { NetworkLayer } from "../src/network/network.js";
import { HostArray } from "../src/params/host-array.js";
import { logNormal, sum } from "../src/testing/plain.js";
import { type HostTree, host, perturbedLike, toParams, usePrecision } from "../src/testing/prepare.js";
import { drawnLogProbs, drawnMass, logProbs, type Params, randomParams } from "./support/grid.js";
import { logSum } from "./support/plain.js";
import { tolerance } from "./tolerances.js";

beforeAll(() => usePrecision("float32"));

const end = (a: number, b: number) => ({ logA: host([Math.log(a)], [1]), logB: host([Math.log(b)], [1]) });
const logHalf = (t: number, scale: number): number => Math.log(2) + logNormal(t, 0, scale);

/** Parameters with the scale of all noise that is drawn forward at a: sampling is of use where it covers what follows. */
const drawnWide = (node: HostTree, a: number, name = ""): HostTree => {
  if (node instanceof HostArray)
    return name === "logA"
      ? host(
          Array.from(node.data, () => Math.log(a)),
          node.shape,
        )
      : node;
  if (Array.isArray(node)) return node.map((child) => drawnWide(child, a));
  return Object.fromEntries(Object.entries(node).map(([own, child]) => [own, drawnWide(child, a, own)]));
};

type Case = Readonly<{
  made: Flow;
  params: (made: Flow) => HostTree | Promise<HostTree>;
  truth(x: number): number;
}>;

/** Each in front of a standard normal base, with noise wide enough for sampling to be of use. */
const cases: { readonly [name: string]: Case } = {
  relu: {
    made: flow([relu([1])]),
    params: () => [{ low: end(1.3, 0.7) }],
    truth: (x) => (x > 0 ? logNormal(x) : logHalf(-x, 0.7) + Math.log(0.5)),
  },
  clip: {
    made: flow([clip([1], { min: -0.4, max: 1 })]),
    params: () => [{ low: end(1.2, 0.7), high: end(1.4, 1.5) }],
    truth(x) {
      if (x <= -0.4) return logHalf(-0.4 - x, 0.7) + Math.log(normalCdf(-0.4));
      return x < 1 ? logNormal(x) : logHalf(x - 1, 1.5) + Math.log(1 - normalCdf(1));
    },
  },
  // z = x + v, v = ± (x + a ε), v dropped under N(0, 1): ∫ N(x + v; 0, 1) N(v; 0, 1) dv
  "a residual connection": {
    made: flow([branches([reshape([1], [1]), linear(1, 1)], { join: "add" })]),
    params: async (made) => drawnWide(await perturbedLike(made.chain, makeRng(1), { spread: 0 }), 2.5),
    truth: (x) => logNormal(x, 0, Math.SQRT2),
  },
};

describe("the bound of one entry lies below log p, and K samples of the noise rise to it", () => {
  it.each(Object.entries(cases))("%s", async (_, { made, params, truth }) => {
    const own = toParams(await params(made), "float32") as Params;
    for (const x of [-1.7, -0.3, 0.4, 1.8]) {
      const logs = await drawnLogProbs(made, own, new Float32Array(20_000).fill(x));
      const estimate = logSum(logs) - Math.log(logs.length);
      expect(Math.abs(estimate - truth(x))).toBeLessThan(0.02);
      const gap = truth(x) - sum(logs) / logs.length;
      expect(gap).toBeGreaterThan(-1e-5);
      expect(gap > 0.01).toBe(new Set(logs).size > 1); // where noise is drawn the bound is one
    }
  });
});

/** A layer of images on two numbers. */
const pair = (layer: FlowLayer): Flow => flow([linear(2, 2), reshape([2], [1, 1, 2]), layer]);

const residual = () => branches([reshape([2], [2]), chain([linear(2, 2), leakyRelu([2])])], { join: "add" });

describe("exp(log p), the mean over the noise, integrates to 1 over the plane", () => {
  const flows: { readonly [name: string]: Flow } = {
    relu: flow([linear(2, 2), relu([2]), linear(2, 2)]),
    "sigmoid, a base on its image": flow([linear(2, 2), monotone([2], "sigmoid")], uniform([2])),
    "tanh, a base on its image": flow([linear(2, 2), monotone([2], "tanh")], uniform([2], [-1, 1])),
    "max pooling": pair(maxPool2d([1, 1, 2], { kernel: [1, 2] })),
    "max pooling that overlaps": pair(
      maxPool2d([1, 1, 2], { kernel: [1, 2], padding: { left: 1, right: 1 } }),
    ),
    "average pooling": pair(avgPool2d([1, 1, 2], { kernel: [1, 2] })),
    "a residual connection": flow([linear(2, 2), residual()]),
    "one number left out, the other twice": flow([
      linear(2, 2),
      take([2], { indices: [1, 1] }),
      linear(2, 2),
    ]),
    "branches concatenated": flow([
      linear(2, 2),
      branches([leakyRelu([2]), linear(2, 1)], { join: "concat" }),
      linear(3, 3),
    ]),
    "a mixture of normals": flow([linear(2, 2), gaussianMixture([2], { components: 3 })]),
    "hard swish": flow([linear(2, 2), selfGated([2], { function: "hardSwish" }), linear(2, 2)]),
    "a function beside a number that stays": flow([
      linear(2, 2),
      opaque([2], { outShape: [1], apply: (x) => np.sin(x.slice([], [1, 2])) }, { keep: 1 }),
      linear(2, 2),
    ]),
    clip: flow([linear(2, 2), clip([2], { min: -0.8, max: 0.5 }), linear(2, 2)]),
  };

  // the others stand in one dimension below
  const quick = ["relu", "max pooling", "a mixture of normals"];

  for (const [name, made] of Object.entries(flows))
    it(`${name}, random parameters`, { tags: quick.includes(name) ? [] : ["long"] }, async () => {
      const { a, limit, cells } = /branch|residual|twice|function/.test(name)
        ? { a: 2.5, limit: 7, cells: 1200 } // drawn noise of a wide law needs many draws
        : { a: 1, limit: 10, cells: 700 };
      const near = await perturbedLike(made.chain, makeRng(3), { spread: 0.25 });
      const params = toParams(drawnWide(near, a), "float32") as Params;
      expect(Math.abs((await drawnMass(made, params, limit, cells)) - 1)).toBeLessThan(tolerance("integral"));
    });
});

/** Gaussians whose values have this mean and this scale at first: tails that a square cuts off are light. */
const around =
  (mean: number, scale: number): ConditionalDensityFactory =>
  (size, context) => {
    const inner = gaussian(size, context);
    return {
      ...inner,
      logProb: (params, value, given) =>
        inner.logProb(params as never, value.sub(mean).div(scale), given).sub(size * Math.log(scale)),
      draw: (params, given, noise) =>
        inner
          .draw(params as never, given, noise)
          .mul(scale)
          .add(mean),
    };
  };

/** Midpoints of cells on [−limit, limit], and their width. */
const midpoints = (limit: number, cells: number) => {
  const step = (2 * limit) / cells;
  return { nodes: Array.from({ length: cells }, (_, i) => -limit + (i + 0.5) * step), step };
};

describe("∫ exp(log p(x, ε)) r(ε) over x and one number of noise is 1", () => {
  const one = (...layers: NetworkLayer[]): Flow => flowify({ inShape: [1], layers }, { density: "gaussian" });
  const flows: { readonly [name: string]: readonly [made: Flow, limit: number] } = {
    "a residual that one branch carries": [
      one({ kind: "branches", join: "add", branches: [[{ kind: "softsign" }], []], carry: 1 }),
      9,
    ],
    "a function in place of x": [
      flow([
        append(leakyRelu([1]), [{ outShape: [1], apply: (x) => np.sin(x.mul(3)) }]),
        linear(2, 2),
        split([2]),
      ]),
      9,
    ],
    "a sine in place of x": [one({ kind: "elementwise", function: "sin" }), 9],
    "an absolute value, behind a line": [
      one({ kind: "linear", out: 1 }, { kind: "elementwise", function: "abs" }, { kind: "linear", out: 1 }),
      9,
    ],
    "a gate": [
      flow([
        branches([reshape([1], [1]), chain([linear(1, 1), affine([1], { shift: Float32Array.of(4) })])], {
          join: "multiply",
          density: around(4, 0.5),
        }),
      ]),
      4,
    ],
    "a number twice": [flow([take([1], { indices: [0, 0] }), linear(2, 2)]), 9],
    "hard swish": [flow([selfGated([1], { function: "hardSwish" })]), 12],
    "SiLU behind a noisy copy, which loses mass": [
      one(
        { kind: "branches", join: "concat", branches: [[], [{ kind: "tanh" }]], carry: 0 },
        { kind: "linear", out: 2 },
        { kind: "selfGated", function: "silu" },
      ),
      12,
    ],
  };

  it.each(Object.entries(flows))("%s", async (_, [made, limit]) => {
    const [x, noise] = [midpoints(limit, 600), midpoints(6, 120)];
    const points = Float32Array.from(x.nodes.flatMap((v) => noise.nodes.map(() => v)));
    const noises = x.nodes.flatMap(() => noise.nodes);
    const near = await perturbedLike(made.chain, makeRng(3), { spread: 0.25 });
    const params = toParams(drawnWide(near, 1), "float32") as Params;
    const logs = await logProbs(made, params, points, Float32Array.from(noises));
    const mass = sum(logs.map((log, i) => Math.exp(log + logNormal(nth(noises, i))))) * x.step * noise.step;
    expect(mass).toBeLessThan(1 + tolerance("integral"));
    expect(Math.abs(mass - 1) < tolerance("integral")).toBe(made.likelihood !== "loses mass");
  });
});

describe("a base on R loses what it holds outside of the image, no less and no more", () => {
  const images = {
    sigmoid: [0, 1],
    tanh: [-1, 1],
    softplus: [0, 9],
    softsign: [-1, 1],
    exp: [0, 9],
    elu: [-1, 9],
    selu: [-1.7580993, 9],
    silu: [-0.2784645, 9],
    gelu: [-0.1699712, 9],
    geluTanh: [-0.1700408, 9],
    mish: [-0.3088434, 9],
  };
  const gated = ["silu", "gelu", "geluTanh", "mish"] as const;

  it.each(Object.entries(images))("%s", async (name, [low, high]) => {
    const own = gated.find((each) => each === name);
    const made = flow([own ? selfGated([1], { function: own }) : monotone([1], name as MonotoneFunction)]);
    const params = await randomParams(made, 3);
    // evenly in x near 0, where most of it is, and far out, where a softsign still rises
    const nodes = Float64Array.from({ length: 40_001 }, (_, i) => Math.sinh((i - 20_000) * 4.5e-4));
    const logs = await drawnLogProbs(made, params, Float32Array.from(nodes));
    const mass = sum(
      logs.slice(1).map((log, i) => Math.exp(log) * ((nodes[i + 1] as number) - (nodes[i] as number))),
    );
    expect(Math.abs(mass - (normalCdf(high as number) - normalCdf(low as number)))).toBeLessThan(1e-3);
  });
});
