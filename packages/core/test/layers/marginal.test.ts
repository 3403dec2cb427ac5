/** From the data, every entry becomes a standard normal number, and no entry loses to its own histogram. */
import { random, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { chain, initChain } from "../../src/chain.js";
import type { ArrayTree, FlowLayer } from "../../src/layer.js";
import { dequantize } from "../../src/layers/dequantize.js";
import { type MarginalParams, marginal } from "../../src/layers/marginal.js";
import { makeRng, type Rng } from "../../src/math/rng.js";
import { splineForward, withinBin } from "../../src/math/rq-spline.js";
import { floats } from "../../src/params/host.js";
import { treeRef } from "../../src/params/pytree.js";
import type { Shape } from "../../src/shape.js";
import { numbersOf, readAll } from "../../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

/** Columns as people have them. */
const columns: { readonly [name: string]: (rng: Rng) => number } = {
  normal: (rng) => 5 + 2 * rng.normal(),
  "far away and large": (rng) => 3e8 + 1e6 * rng.normal(),
  tiny: (rng) => 1e-7 * rng.uniform(),
  "a spike with a tail": (rng) => (rng.uniform() < 0.9 ? 0.004 * rng.uniform() : rng.uniform()),
  "two clusters and a gap": (rng) => (rng.uniform() < 0.3 ? 0 : 100) + rng.normal(),
  exponential: (rng) => -Math.log(1 - rng.uniform()),
};
const makers = Object.values(columns);
const N = makers.length;

function rows(count: number, seed: number): Float32Array {
  const rng = makeRng(seed);
  return Float32Array.from({ length: count * N }, (_, i) => (makers[i % N] as (typeof makers)[0])(rng));
}

const started = (layer: FlowLayer, data: Float32Array, count: number): Promise<ArrayTree> =>
  layer.initFromData?.(random.key(1), examplesOf(data, count, layer.inShape)) as Promise<ArrayTree>;

async function passed(layer: FlowLayer, params: ArrayTree, data: Float32Array, shape: Shape) {
  const { z, contribution } = layer.forward(
    treeRef(params),
    floats(data, [data.length / shape.reduce((a, b) => a * b, 1), ...shape]),
    {},
  );
  return { z: await numbersOf(z), contribution: await numbersOf(contribution) };
}

describe("columns", () => {
  it.each(Object.keys(columns).map((name, c) => [name, c] as const))(
    "held-out numbers are standard normal: %s",
    async (_, c) => {
      const layer = marginal([N]);
      const params = await started(layer, rows(3000, 1), 3000);
      const { z } = await passed(layer, params, rows(2000, 2), [N]);
      const own = toRows(z, N).map((row) => row[c] as number);
      const sorted = own.toSorted((a, b) => a - b);
      for (const [part, expected] of [
        [0.1, -1.2816],
        [0.5, 0],
        [0.9, 1.2816],
      ] as const)
        expect(Math.abs((sorted[Math.floor(part * own.length)] as number) - expected)).toBeLessThan(0.15);
      tree.dispose(params);
    },
  );

  it("a constant column, and numbers that repeat, have finite densities", async () => {
    const layer = marginal([2]);
    const data = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 7 : (i >> 1) % 3));
    const params = await started(layer, data, 200);
    const { z, contribution } = await passed(layer, params, Float32Array.of(7, 1, 8, 2.5), [2]);
    expect([...z, ...contribution].every(Number.isFinite)).toBe(true);
    tree.dispose(params);
  });

  it("one number is enough", async () => {
    const layer = marginal([1]);
    const params = await started(layer, Float32Array.of(3), 1);
    const { z } = await passed(layer, params, Float32Array.of(3, 4), [1]);
    expect(z.every(Number.isFinite)).toBe(true);
    tree.dispose(params);
  });
});

describe("few numbers of a column", () => {
  const FEW = 400;
  /** Mean log-likelihood of held-out numbers; as the pixel of an image, the numbers start the spline as they are. */
  const heldOut = async (draw: (rng: Rng) => number, shape: Shape, few = FEW): Promise<number> => {
    const rng = makeRng(11);
    const layer = marginal(shape);
    const numbers = (count: number) => Float32Array.from({ length: count }, () => draw(rng));
    const totals = [];
    for (let repeat = 0; repeat < 4; repeat++) {
      const params = await started(layer, numbers(few), few);
      const { z, contribution } = await passed(layer, params, numbers(3000), shape);
      totals.push((sum(contribution) + sum(z.map((v) => logNormal(v)))) / z.length);
      tree.dispose(params);
    }
    return sum(totals) / totals.length;
  };

  it.each([
    ["normal", makers[0]!, 0.06],
    ["exponential", makers[5]!, 0.03],
    ["of a logarithm that is normal", (rng: Rng) => Math.exp(rng.normal()), 0.05],
    ["nine blocks with gaps", (rng: Rng) => 30 * rng.integer(9) + 10 * rng.uniform(), -0.1],
  ] as const)("are smoothed if that helps: %s", async (_, draw, gain) => {
    expect((await heldOut(draw, [1])) - (await heldOut(draw, [1, 1]))).toBeGreaterThan(gain);
  });

  // nats for the most that is lost
  it.each([
    ["normal", makers[0]!, -0.5 * (1 + Math.log(2 * Math.PI)) - Math.log(2), 0.01],
    ["uniform", (rng: Rng) => rng.uniform(), 0, 0.02],
    ["exponential", makers[5]!, -1, 0.02],
    // most of them lie next to an end, where the density has no bound
    [
      "next to two ends",
      (rng: Rng) => 0.5 - 0.5 * Math.cos(Math.PI * rng.uniform()),
      2 * Math.LN2 - Math.log(Math.PI),
      0.02,
    ],
    ["squares of normal ones", (rng: Rng) => rng.normal() ** 2, -0.7838, 0.04],
    [
      "of two sides, exponential",
      (rng: Rng) => (rng.uniform() < 0.5 ? 1 : -1) * Math.log(1 - rng.uniform()),
      -1 - Math.LN2,
      0.02,
    ],
    [
      "two clusters",
      makers[4]!,
      -0.5 * (1 + Math.log(2 * Math.PI)) + 0.3 * Math.log(0.3) + 0.7 * Math.log(0.7),
      0.03,
    ],
  ] as const)("have nearly the likelihood of their own density: %s", async (_, draw, truth, most) => {
    expect(truth - (await heldOut(draw, [1], 2000))).toBeLessThan(most);
  });

  it("that end at a hard edge leave hardly any room behind it, none below 0, others more", async () => {
    const rng = makeRng(4);
    const layer = marginal([2]);
    const data = Float32Array.from({ length: 800 }, (_, i) => (i % 2 === 0 ? rng.uniform() : rng.normal()));
    const params = (await started(layer, data, 400)) as unknown as MarginalParams;
    const [low, logRange] = await readAll([params.low.ref, params.logRange.ref]);
    const [first, second] = [0, 1].map((c) => data.filter((__, i) => i % 2 === c).toSorted());
    const high = low![0]! + Math.exp(logRange![0]!);
    expect(low![0]!).toBeLessThan(first![0]!);
    expect(low![0]!).toBeGreaterThanOrEqual(0);
    expect(high).toBeGreaterThan(first!.at(-1)!);
    expect(high).toBeLessThan(first!.at(-1)! + 0.02);
    expect(low![1]).toBeLessThan(second![0]!);
    expect(low![1]! + Math.exp(logRange![1]!)).toBeGreaterThan(second!.at(-1)!);
    tree.dispose(params);
  });
});

describe("images", () => {
  /** Bits of one pixel by its histogram, every level counted once more, and by the layer; both on held-out images. */
  const LEVELS = 256;
  const pixel = (rng: Rng): number => {
    const u = rng.uniform();
    if (u < 0.7) return 0;
    return u < 0.8 ? 250 + rng.integer(6) : rng.integer(LEVELS);
  };
  const bytes = (count: number, seed: number): Float32Array => {
    const rng = makeRng(seed);
    return Float32Array.from({ length: count }, () => pixel(rng));
  };

  it.each(["entry", "channel"] as const)("a spline for each %s loses to no histogram", async (per) => {
    const shape = [1, 2, 2];
    const [train, test] = [bytes(4 * 6000, 3), bytes(4 * 4000, 4)];
    const counts = new Float64Array(LEVELS).fill(1);
    for (const v of train) counts[v]! += 1;
    const total = sum(Array.from(counts));
    const histogram = sum(Array.from(test, (v) => -Math.log2((counts[v] as number) / total))) / test.length;
    const flow = chain([dequantize(shape), marginal(shape, { per })]);
    const params = await initChain(flow, random.key(2), examplesOf(train, 6000, shape));
    const rng = makeRng(5);
    const u = floats(
      Float32Array.from(test, () => rng.uniform()),
      [4000, ...shape],
    );
    const { z, contribution } = flow.forward(treeRef(params), floats(test, [4000, ...shape]), [{ u }, {}]);
    const nats = sum(await numbersOf(contribution)) + sum((await numbersOf(z)).map((v) => logNormal(v)));
    expect(-nats / Math.LN2 / test.length).toBeLessThan(histogram + 0.02);
    tree.dispose(params);
  });
});

it("a number that rounding takes a percent beyond the end of a narrow, steep bin counts as at its end", async () => {
  const curve = () => ({
    x0: floats(Float32Array.of(0.5)),
    y0: floats(Float32Array.of(0.2)),
    perWidth: floats(Float32Array.of(2e5)),
    slope: floats(Float32Array.of(1e5)),
    alpha: floats(Float32Array.of(2000)),
    beta: floats(Float32Array.of(2)),
  });
  const at = (part: number) => floats(Float32Array.of(0.5 + part / 2e5));
  const beyond = splineForward(at(1.02), curve());
  beyond.z.dispose();
  expect(Math.abs((await numbersOf(beyond.logDerivative))[0]! - Math.log(1e5 * 2))).toBeGreaterThan(5);
  const held = splineForward(at(1.02), curve(), withinBin);
  held.z.dispose();
  // s β, the derivative at the right end
  expect((await numbersOf(held.logDerivative))[0]).toBeCloseTo(Math.log(1e5 * 2), 3);
});
