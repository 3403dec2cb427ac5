/** Densities of 8 × 8 images as a whole, by importance sampling and, where all is linear, in closed form. */
import type { numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { isChain } from "../src/chain.js";
import { type Flow, flow } from "../src/flow.js";
import type { FlowLayer } from "../src/layer.js";
import { type Conv2dOptions, conv2d } from "../src/layers/conv2d.js";
import { coupling } from "../src/layers/coupling.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { nth } from "../src/lists.js";
import { makeRng } from "../src/math/rng.js";
import { drawNoise, mapTreeOfNoise, type NoiseSpec, type NoiseTree } from "../src/noise.js";
import { floats, fromHost } from "../src/params/host.js";
import { HostArray } from "../src/params/host-array.js";
import { treeFlatten, treeRef } from "../src/params/pytree.js";
import type { Shape } from "../src/shape.js";
import { numbersOf } from "../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../src/testing/plain.js";
import { type HostTree, host, perturbedLike, toParams, usePrecision } from "../src/testing/prepare.js";
import { gaussianLogDensity } from "./support/gaussian.js";
import type { Params } from "./support/grid.js";
import { logSum } from "./support/plain.js";

beforeAll(() => usePrecision("float32"));

/** The last step of every network times `factor`. */
function scaleLast(node: HostTree, factor: number, last = false): HostTree {
  if (node instanceof HostArray)
    return last
      ? new HostArray(
          Float64Array.from(node.data, (v) => factor * v),
          node.shape,
          node.dtype,
        )
      : node;
  if (!Array.isArray(node))
    return Object.fromEntries(
      Object.entries(node).map(([name, child]) => [name, scaleLast(child, factor, last)]),
    );
  const isNetwork = node.every((step) => "weight" in step);
  return node.map((child, i) => scaleLast(child, factor, isNetwork && i === node.length - 1));
}

/**
 * What is drawn on the way forward at the scale that the layers after it expect, 1: sampling is of
 * use where the two are alike.
 */
function drawnAtUnitScale(layer: FlowLayer, own: HostTree): HostTree {
  if (isChain(layer)) return layer.layers.map((part, i) => drawnAtUnitScale(part, nth(own as HostTree[], i)));
  const node = own as { [name: string]: HostArray };
  if (layer.name === "pad") return { ...node, logA: host([0.03], []) };
  if ("gaps" in node) {
    const gaps = node.gaps as unknown as { [name: string]: HostArray };
    return { ...node, gaps: { ...gaps, slope: host([0.2], [1]) } };
  }
  if (layer.name !== "linear" || layer.exact) return own;
  const n = layer.inShape[layer.inShape.length - 1] as number;
  const scales = Array.from(node.logScale?.data ?? [], (s, j) => (j < n ? s : s + 0.5 * Math.log(12)));
  return { ...node, logScale: host(scales, [scales.length]) };
}

/** Parameters near their start, what networks say taken `factor` times. */
async function paramsNear(made: Flow, spread: number, factor: number): Promise<Params> {
  const near = scaleLast(await perturbedLike(made.chain, makeRng(3), { spread }), factor);
  return toParams(drawnAtUnitScale(made.chain, near), "float32") as Params;
}

const noiseOf = (spec: NoiseSpec, batch: number, seed: number): NoiseTree =>
  mapTreeOfNoise(drawNoise(spec, batch, makeRng(seed)), (a) => fromHost(a));

const CHUNK = 1000;

/** log p(x, ε) of images given as numbers in a row, a draw of ε for each. */
async function drawnLogProbs(made: Flow, params: Params, x: Float32Array): Promise<number[]> {
  const logs: number[] = [];
  for (let start = 0; start < x.length; start += CHUNK * made.dimensions) {
    const rows = x.slice(start, start + CHUNK * made.dimensions);
    const batch = rows.length / made.dimensions;
    const noise = noiseOf(made.forwardNoise, batch, start + 1);
    const own = made.logProb(treeRef(params), floats(rows, [batch, ...made.inShape]), noise);
    logs.push(...(await numbersOf(own)));
  }
  return logs;
}

const image = [1, 8, 8];
const conv = (inShape: Shape, out: number, options: Conv2dOptions): FlowLayer =>
  conv2d(inShape, out, { ...options, whiten: false });
const through = (...make: ((inShape: readonly number[]) => FlowLayer)[]): Flow => {
  let shape: readonly number[] = image;
  return flow(
    make.map((next) => {
      const layer = next(shape);
      shape = layer.outShape;
      return layer;
    }),
  );
};

describe("the density of 8 × 8 images integrates to 1: the mean of p(x, ε) / q(x) for x from a Gaussian q", () => {
  const flows: { readonly [name: string]: Flow } = {
    "two exact convolutions and a coupling": through(
      (s) => conv(s, 3, { kernel: 2, stride: 2 }),
      (s) => leakyRelu(s, { slope: 0.9 }),
      (s) => coupling(s, 2, { hidden: 4 }),
      (s) => conv(s, 4, { kernel: 2, stride: 2, inverse: "local" }),
    ),
    "padding and overlap, reducing": through((s) =>
      conv(s, 3, { kernel: [3, 2], stride: 2, logA: -0.5 * Math.log(2) }),
    ),
    "widening, then reducing": through(
      (s) => conv(s, 6, { kernel: 2, stride: 2 }),
      (s) => conv(s, 4, { kernel: 2, stride: 2, inverse: "local" }),
    ),
    gaps: through((s) => conv(s, 2, { kernel: 2, stride: 3 })),
    "dilation with a rest": through((s) =>
      conv(s, 2, { kernel: 2, stride: 2, dilation: 3, padding: 0, inverse: "local", logA: -0.5 }),
    ),
  };

  /** N of the pixels of each row, for windows of 3, a stride of 2, padded to 9. */
  const copies = [1, 1, 2, 1, 2, 1, 2, 1];
  /** A pixel that is the mean of N copies varies by 1/√N. */
  const deviation = (name: string, pixel: number): number =>
    name.includes("overlap") ? 1 / Math.sqrt(nth(copies, Math.floor(pixel / 8))) : 1;

  const quick = ["two exact convolutions and a coupling", "padding and overlap, reducing", "gaps"];

  for (const [name, made] of Object.entries(flows))
    it(`${name}`, { tags: quick.includes(name) ? [] : ["long"] }, async () => {
      const params = await paramsNear(made, 0.03, 0.15);
      const count = 4000;
      const x = new Float32Array(count * made.dimensions);
      makeRng(8).fillNormal(x);
      const logQ = new Array<number>(count).fill(0);
      x.forEach((epsilon, i) => {
        const std = deviation(name, i % made.dimensions);
        x[i] = std * epsilon;
        logQ[Math.floor(i / made.dimensions)]! += logNormal(epsilon) - Math.log(std);
      });
      const logs = await drawnLogProbs(made, params, x);
      const weights = logs.map((log, i) => Math.exp(log - nth(logQ, i)));
      const mean = sum(weights) / count;
      const error = Math.sqrt(sum(weights.map((w) => (w - mean) ** 2))) / count;
      expect(error).toBeLessThan(0.05);
      expect(Math.abs(mean - 1)).toBeLessThan(4 * error);
    });
});

describe("a convolution of 8 × 8 images that pads, overlaps and drops, all linear: log p in closed form", () => {
  const made = through((s) => conv(s, 2, { kernel: 3, stride: 2, inverse: "local", logA: -0.5 }));

  /** x = μ + A (z, ε): columns of A and μ from the inverse at 0 and at each unit vector. */
  async function affine(params: Params): Promise<{ mean: number[]; columns: number[][] }> {
    const z = made.latentShape.reduce((a, b) => a * b, 1);
    const { leaves, rebuild } = treeFlatten<HostArray>(drawNoise(made.inverseNoise, 1, makeRng(1)));
    const sizes = [z, ...leaves.map(({ data }) => data.length)];
    const total = sum(sizes);
    const unit = (from: number, size: number, shape: readonly number[]): np.Array => {
      const data = new Float32Array((total + 1) * size);
      for (let k = 0; k < size; k++) data[(1 + from + k) * size + k] = 1;
      return floats(data, [total + 1, ...shape]);
    };
    let from = z;
    const noise = leaves.map(({ shape, data }) => {
      from += data.length;
      return unit(from - data.length, data.length, shape.slice(1));
    });
    const x = made.decode(treeRef(params), unit(0, z, made.latentShape), rebuild(noise) as NoiseTree);
    const [mean = [], ...ends] = toRows(await numbersOf(x), made.dimensions);
    return { mean, columns: ends.map((row) => row.map((v, i) => v - nth(mean, i))) };
  }

  it("the bound lies below it, and K samples of the noise rise to it", async () => {
    const params = await paramsNear(made, 0.04, 0);
    const { mean, columns } = await affine(params);
    const rng = makeRng(4);
    const gap: number[] = [];
    for (let example = 0; example < 3; example++) {
      const draws = columns.map(() => rng.normal());
      const x = mean.map((v, i) => v + sum(columns.map((column, k) => nth(column, i) * nth(draws, k))));
      const truth = gaussianLogDensity(x, mean, columns);
      const count = 4000;
      const logs = await drawnLogProbs(
        made,
        params,
        Float32Array.from({ length: count * x.length }, (_, i) => nth(x, i % x.length)),
      );
      const bound = sum(logs) / count;
      const estimate = logSum(logs) - Math.log(count);
      const spread = Math.sqrt(sum(logs.map((l) => (Math.exp(l - estimate) - 1) ** 2))) / count;
      expect(bound).toBeLessThan(truth);
      expect(spread).toBeLessThan(0.2);
      expect(Math.abs(estimate - truth)).toBeLessThan(4 * spread);
      gap.push(truth - bound);
    }
    expect(Math.min(...gap)).toBeGreaterThan(0.1);
  });
});
