import { describe, expect, it } from "vitest";
import { initParams } from "../../src/entries/layer.js";
import { FlowModel, flowify, jaxExecutor, type Network } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";

const SIDE = 8;
const PIXELS = SIDE * SIDE;
const inShape = [1, SIDE, SIDE];
const executor = jaxExecutor();
const rng = makeRng(3);

/** What the initial values come from: dim images of little contrast, far from those below. */
const dim = Float32Array.from({ length: 40 * PIXELS }, () => 100 + rng.integer(6));

const image = (pixel: (row: number, column: number) => number) =>
  Float32Array.from({ length: PIXELS }, (_, i) => 255 * pixel(Math.floor(i / SIDE), i % SIDE));
const images = {
  black: image(() => 0),
  white: image(() => 1),
  "a checkerboard of pixels": image((row, column) => (row + column) % 2),
  "a checkerboard of squares": image((row, column) => ((row >> 1) + (column >> 1)) % 2),
  stripes: image((row) => row % 2),
};

const dense: Network["layers"] = [
  { kind: "linear", out: 12 },
  { kind: "rqSpline" },
  { kind: "linear", out: 16 },
];
const networks: { readonly [name: string]: Network["layers"] } = {
  dense: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "whiten" }, ...dense],
  convolutions: [
    { kind: "dequantize" },
    { kind: "conv2d", out: 4, kernel: 3, stride: 2 },
    { kind: "leakyRelu" },
    { kind: "actnorm" },
    { kind: "flatten" },
    ...dense,
  ],
  couplings: [
    { kind: "variationalDequantize" },
    { kind: "squeeze" },
    { kind: "coupling", stack: 2 },
    { kind: "flatten" },
    ...dense,
  ],
  "pools and sigmoids": [
    { kind: "dequantize" },
    { kind: "maxPool2d", kernel: 2 },
    { kind: "relu" },
    { kind: "avgPool2d", kernel: 2 },
    { kind: "sigmoid" },
    { kind: "flatten" },
  ],
};

describe.each(Object.entries(networks))("%s that started from dim images", (_, layers) => {
  it("gives every extreme image a likelihood, a latent and a reconstruction in 0..255", async () => {
    const flow = flowify({ inShape, layers });
    const params = await initParams({ flow, executor, data: { examples: dim, count: 40 }, seed: 1 });
    const model = new FlowModel(flow, params, executor);
    const all = Float32Array.from(Object.values(images).flatMap((pixels) => [...pixels]));
    expect((await model.logProb(all)).every(Number.isFinite)).toBe(true);
    expect((await model.encode(all)).every(Number.isFinite)).toBe(true);
    expect((await model.reconstruct(all)).every((v) => v >= 0 && v <= 255)).toBe(true);
    await model.dispose();
  });
});

/** One layer whose weights are all `weight`, and one behind it. */
const given = {
  linear: (weight: number): Network["layers"] => [
    { kind: "flatten" },
    { kind: "linear", out: 3, weights: { weight: new Float32Array(3 * PIXELS).fill(weight) } },
    { kind: "leakyRelu" },
    { kind: "linear", out: 2 },
  ],
  conv2d: (weight: number): Network["layers"] => [
    { kind: "conv2d", out: 2, kernel: 2, stride: 2, weights: { weight: new Float32Array(8).fill(weight) } },
    { kind: "flatten" },
  ],
};

describe("weights of an extreme size give a number, or an error that says where NaN begins", () => {
  it.each<[keyof typeof given, number, string, string]>([
    ["linear", 1e30, "-Infinity", "a number"],
    [
      "linear",
      1e38,
      "log p of example 0 is NaN from linear[1] on",
      "encode: the result for example 0 holds NaN",
    ],
    ["linear", 1e-30, "a number", "a number"],
    ["linear", 0, "a number", "a number"],
    ["conv2d", 1e30, "-Infinity", "a number"],
    ["conv2d", 1e38, "log p of example 0 is NaN from conv2d[0] on", "Infinity"],
    ["conv2d", 1e-30, "a number", "a number"],
    ["conv2d", 0, "a number", "a number"],
  ])("%s, weights of %s", async (kind, weight, likelihood, latent) => {
    const model = await FlowModel.create(flowify({ inShape, layers: given[kind](weight) }), executor);
    const outcome = (result: Promise<ArrayLike<number>>): Promise<string> =>
      result.then(
        ({ 0: first }) => (Number.isFinite(first) ? "a number" : String(first)),
        (error: unknown) => (error as Error).message,
      );
    expect(await outcome(model.logProb(images.white))).toContain(likelihood);
    expect(await outcome(model.encode(images.white))).toContain(latent);
    expect(await outcome(model.sampleFlat(1))).toBe("a number");
    await model.dispose();
  });

  it("the error names the example, in later batches too", async () => {
    const flow = flowify({ inShape, layers: given.linear(1e37) });
    const model = await FlowModel.create(flow, executor);
    const examples = new Uint8Array(300 * PIXELS);
    const black = examples.slice();
    examples.fill(255, 270 * PIXELS, 271 * PIXELS);
    await expect(model.encode(examples)).rejects.toThrow("encode: the result for example 270 holds NaN");
    expect((await model.encode(black)).every(Number.isFinite)).toBe(true);
    await model.dispose();
  });
});
