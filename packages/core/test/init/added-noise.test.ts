/** The scales of the noise in copies of pixels and around images, from the data: log-likelihoods say whether they are the best ones. */
import { random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { type Conv2dOptions, conv2d } from "../../src/layers/conv2d.js";
import { type PadParams, pad } from "../../src/layers/pad.js";
import { type TileParams, tile } from "../../src/layers/tile.js";
import { makeRng } from "../../src/math/rng.js";
import { drawNoise, mapNoise } from "../../src/noise.js";
import { floats } from "../../src/params/host.js";
import type { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logAbsDet, logNormal, type Rows, sum, toRows } from "../../src/testing/plain.js";
import { toJax, usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

const COUNT = 200;
const SIDE = 9;
const SPREAD = 3;
const PATCH = 4;
const WINDOW = { count: SIDE - 1, size: 2, stride: 1, dilation: 1 };
const layer = tile([1, SIDE, SIDE], [WINDOW, WINDOW], { scaleFromData: true });
const rng = makeRng(3);

/** White pixels, or pixels that each repeat most of the one before. */
const images = (repeated: number): Float32Array => {
  let last = 0;
  return Float32Array.from({ length: COUNT * SIDE ** 2 }, () => {
    last = repeated * last + Math.sqrt(1 - repeated ** 2) * rng.normal();
    return SPREAD * last;
  });
};

const scaleFor = async (data: Float32Array): Promise<number> => {
  const examples = examplesOf(data, COUNT, layer.inShape);
  const params = (await layer.initFromData?.(random.key(1), examples)) as TileParams;
  return Math.exp((await numbersOf(params.logA!))[0]!);
};

/** Mean log-likelihood of an image, nats a pixel, where its patches count as independent and have the Gaussian of their covariance. */
async function logLikelihood(data: Float32Array, a: number): Promise<number> {
  const noise = mapNoise(layer.forwardNoise, (leaf) =>
    toJax(drawNoise(leaf, COUNT, rng) as HostArray, "float32"),
  );
  const params = { logA: floats(Float32Array.of(Math.log(a)), []) };
  const { z, contribution } = layer.forward(params, floats(data, [COUNT, ...layer.inShape]), noise);
  const rows = toRows(await numbersOf(z), PATCH);
  const moments: Rows = Array.from({ length: PATCH }, (_, i) =>
    Array.from({ length: PATCH }, (_, j) => sum(rows.map((row) => row[i]! * row[j]!)) / rows.length),
  );
  const patch = -0.5 * (PATCH * (1 + Math.log(2 * Math.PI)) + logAbsDet(moments));
  const own = sum([...(await numbersOf(contribution))]) / COUNT;
  return (WINDOW.count ** 2 * patch + own) / SIDE ** 2;
}

describe("the scale of the noise in copies, from the data", () => {
  it("is the spread of white pixels: their copies are independent, and nothing is lost", async () => {
    const data = images(0);
    const a = await scaleFor(data);
    expect(Math.abs(a / SPREAD - 1)).toBeLessThan(0.1);
    const truth = sum(Array.from(data, (v) => logNormal(v, 0, SPREAD))) / data.length;
    expect(truth - (await logLikelihood(data, a))).toBeLessThan(0.1);
    expect(truth - (await logLikelihood(data, SPREAD / 10))).toBeGreaterThan(1);
  });

  it("is the best one for pixels that repeat their neighbours, and is smaller", async () => {
    const data = images(0.95);
    const a = await scaleFor(data);
    expect(a).toBeLessThan(0.8 * SPREAD);
    const best = await logLikelihood(data, a);
    for (const factor of [0.5, 0.75, 1.33, 2])
      expect(best - (await logLikelihood(data, factor * a))).toBeGreaterThan(0.005);
  });

  it("around an image is its root mean square: new values are as probable as its own", async () => {
    const data = images(0);
    const padded = pad([1, SIDE, SIDE], { bottom: 1, right: 1 }, { scaleFromData: true });
    const started = async (numbers: Float32Array) => {
      const examples = examplesOf(numbers, COUNT, padded.inShape);
      const params = (await padded.initFromData?.(random.key(1), examples)) as PadParams;
      return Math.exp((await numbersOf(params.logA))[0]!);
    };
    const square = sum(Array.from(data, (v) => v * v)) / data.length;
    expect((await started(data)) / Math.sqrt(square)).toBeCloseTo(1, 5);
    expect(await started(data.map(() => 0))).toBeCloseTo(0.1, 6);
  });

  it("stays 0.1 for given weights, and what the option says", async () => {
    const started = async (options: Partial<Conv2dOptions>): Promise<number> => {
      const made = conv2d([1, SIDE, SIDE], 2, { kernel: 2, padding: 0, ...options });
      const params = await made.initFromData?.(random.key(1), examplesOf(images(0), COUNT, made.inShape));
      const [tiled] = params as [TileParams];
      return Math.exp((await numbersOf(tiled.logA!))[0]!);
    };
    const weights = { weight: new Float32Array(8).map(() => rng.normal()), bias: new Float32Array(2) };
    expect(await started({ weights })).toBeCloseTo(0.1, 6);
    expect(await started({ logA: Math.log(0.7) })).toBeCloseTo(0.7, 6);
    expect(await started({})).toBeGreaterThan(0.8 * SPREAD);
  });
});
