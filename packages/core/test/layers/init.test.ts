/** Where the layers of images start from the data: what is kept is white, what is dropped has the distribution that it has. */
import { type numpy as np, random, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { chain } from "../../src/chain.js";
import { initParams } from "../../src/entries/layer.js";
import { flow, jaxExecutor } from "../../src/index.js";
import type { ArrayTree, FlowLayer } from "../../src/layer.js";
import { actnorm } from "../../src/layers/actnorm.js";
import { conv1d } from "../../src/layers/conv1d.js";
import { type Conv2dOptions, conv2d } from "../../src/layers/conv2d.js";
import { linear } from "../../src/layers/linear.js";
import { split } from "../../src/layers/split.js";
import { type WhitenParams, whiten } from "../../src/layers/whiten.js";
import { makeRng } from "../../src/math/rng.js";
import { meanNoise } from "../../src/noise.js";
import { floats } from "../../src/params/host.js";
import { treeRef } from "../../src/params/pytree.js";
import type { Shape } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

const COUNT = 300;

type HostParams = { readonly [name in "logStd" | "logScale"]?: { readonly data: Float32Array } };

/** Images whose pixels depend on each other, of uneven size and mean. */
function images(shape: Shape): Float32Array {
  const rng = makeRng(2);
  const size = shape.reduce((a, b) => a * b, 1);
  const out = new Float32Array(COUNT * size);
  for (let example = 0; example < COUNT; example++) {
    let last = 0;
    for (let i = 0; i < size; i++) {
      last = 0.7 * last + rng.normal();
      out[example * size + i] = 3 + (1 + (i % 5)) * last;
    }
  }
  return out;
}

async function started(
  layer: FlowLayer,
): Promise<{ params: ArrayTree; z: number[]; contribution: number[] }> {
  const data = images(layer.inShape);
  const x = () => floats(data, [COUNT, ...layer.inShape]);
  const params = (await layer.initFromData?.(
    random.key(1),
    examplesOf(data, COUNT, layer.inShape),
  )) as ArrayTree;
  const step = layer.forward(treeRef(params), x(), meanNoise(layer.forwardNoise, COUNT));
  return { params, z: await numbersOf(step.z), contribution: await numbersOf(step.contribution) };
}

/** Mean and variance of every channel, over examples and places. */
function moments(z: readonly number[], shape: Shape): { mean: number; variance: number }[] {
  const channels = shape[0] as number;
  const places = z.length / COUNT / channels;
  return Array.from({ length: channels }, (_, c) => {
    const own = toRows(z, channels * places).flatMap((example) =>
      example.slice(c * places, (c + 1) * places),
    );
    const mean = sum(own) / own.length;
    return { mean, variance: sum(own.map((v) => (v - mean) ** 2)) / own.length };
  });
}

const conv = (options: Partial<Conv2dOptions>, out: number): FlowLayer =>
  conv2d([2, 4, 4], out, { kernel: 2, stride: 2, ...options });

describe("what is kept has mean 0 and variance 1 in every channel", () => {
  const layers: { readonly [name: string]: FlowLayer } = {
    "actnorm of a vector": actnorm([4]),
    "actnorm of channels": actnorm([3, 2, 2]),
    "conv2d, patching": conv({}, 3),
    "conv2d, patching, not whitened before": conv({ whiten: false }, 3),
    "conv2d, local": conv({ inverse: "local" }, 3),
    "conv2d, as many": conv({}, 8),
    "conv2d in groups": conv({ groups: 2, inverse: "local" }, 4),
    conv1d: conv1d([2, 6], 2, { kernel: 2, stride: 2 }),
  };

  it.each(Object.entries(layers))("%s", async (_, layer) => {
    const { params, z } = await started(layer);
    for (const { mean, variance } of moments(z, layer.outShape)) {
      expect(Math.abs(mean)).toBeLessThan(1e-3);
      expect(Math.abs(variance - 1)).toBeLessThan(2e-2);
    }
    tree.dispose(params);
  });
});

describe("what is dropped is modelled by its own mean and variance", () => {
  it("split: a Gaussian that was fitted, the same for all", async () => {
    const layer = split([4, 2, 1]);
    const { params, contribution } = await started(layer);
    const data = Array.from(images(layer.inShape));
    const fitted = moments(data, layer.inShape).slice(2);
    const expected = toRows(data, 8).map((example) =>
      sum(
        example.slice(4).map((v, i) => {
          const { mean, variance } = fitted[Math.floor(i / 2)] as (typeof fitted)[number];
          return logNormal(v, mean, Math.sqrt(variance));
        }),
      ),
    );
    contribution.forEach((log, i) => {
      expect(Math.abs(log - (expected[i] as number))).toBeLessThan(1e-3 * Math.abs(expected[i] as number));
    });
    tree.dispose(params);
  });

  it("a whole convolution: log p at the start is that of the Gaussian of its principal patches", async () => {
    const layer = conv({}, 3);
    const { params, z, contribution } = await started(layer);
    const [outputs, places] = [toRows(z, 12), 4];
    const average =
      sum(outputs.map((example, i) => sum(example.map((v) => logNormal(v))) + (contribution[i] as number))) /
      COUNT;
    // −n/2 (1 + log 2π) − places · Σ log σ over the eigenvalues of the patches' covariance
    const whitening = (params as unknown as { logStd: { ref: { data(): Promise<Float32Array> } } }[])[1];
    const logStd = sum(Array.from(await (whitening as NonNullable<typeof whitening>).logStd.ref.data()));
    const expected = -0.5 * 32 * (1 + Math.log(2 * Math.PI)) - places * logStd;
    expect(Math.abs(average - expected)).toBeLessThan(0.05);
    tree.dispose(params);
  });
});

describe("a start from fewer examples than coordinates leaves room for all others", () => {
  const layers: { readonly [name: string]: FlowLayer } = {
    linear: linear(40, 12),
    "linear behind whitening": chain([whiten([40]), linear(40, 12)]),
    "a convolution": conv2d([10, 2, 2], 12, { kernel: 2 }),
  };

  it.each(Object.entries(layers))("%s", async (_, layer) => {
    const few = 16;
    const size = layer.inShape.reduce((a, b) => a * b, 1);
    const rng = makeRng(9);
    const data = Float32Array.from({ length: COUNT * size }, () => rng.normal());
    const params = (await layer.initFromData?.(
      random.key(1),
      examplesOf(data.subarray(0, few * size), few, layer.inShape),
    )) as ArrayTree;
    const x = floats(data.subarray(few * size), [COUNT - few, ...layer.inShape]);
    const { z, contribution } = layer.forward(params, x, meanNoise(layer.forwardNoise, COUNT - few));
    const latents = toRows(await numbersOf(z), 12);
    const logs = (await numbersOf(contribution)).map(
      (own, i) => own + sum((latents[i] as number[]).map((v) => logNormal(v))),
    );
    // the true density has −57 nats on average
    expect(sum(logs) / logs.length).toBeGreaterThan(-150);
  });
});

it.each([
  ["whiten", whiten([64])],
  ["linear", linear(64, 8)],
])(
  "%s takes the principal directions from 16 examples for each coordinate, whatever the rest needs",
  async (_, layer) => {
    const rng = makeRng(5);
    const examples = Float32Array.from({ length: 2000 * 64 }, () => rng.normal());
    const made = flow([layer]);
    const data = { examples, count: 2000 };
    const [params] = (await initParams({
      flow: made,
      executor: jaxExecutor(),
      data,
      initExamples: 32,
    })) as unknown as [HostParams];
    expect(layer.facts.initExamples).toBe(1024);
    // of 1024 examples, the variances lie within (1 ± √(64 / 1024))²; of 32, half of them would be floored near 2
    const logs = Array.from((params.logStd ?? params.logScale)?.data ?? []);
    expect(Math.max(...logs.map(Math.abs))).toBeLessThan(0.35);
    expect(logs).toHaveLength(params.logStd ? 64 : 8);
  },
);

it("rows along the axes before the last one count as examples; given weights need no directions", () => {
  expect(whiten([5, 64]).facts.initExamples).toBe(205);
  expect(linear(64, 8, { leading: [5] }).facts.initExamples).toBe(205);
  expect(linear(64, 8, { orthogonal: "expm" }).facts.initExamples).toBeUndefined();
  const weights = { weight: Float32Array.from([1, 0, 0, 0, 1, 0]) };
  expect(linear(3, 2, { weights }).facts.initExamples).toBeUndefined();
});

it("a scaled whitening gives columns of any units one scale, a constant one its own, and none more than 1/√s of it", async () => {
  const rng = makeRng(4);
  const data = Float32Array.from(
    Array.from({ length: COUNT }, () => {
      const a = rng.normal();
      return [1e8 * a, 7, 1e-6 * (a + 0.5 * rng.normal()) + 1];
    }).flat(),
  );
  const layer = whiten([3], { scaled: true, shrinkage: 0.01 });
  const params = (await layer.initFromData?.(random.key(1), examplesOf(data, COUNT, [3]))) as WhitenParams;
  const numbers = async (a: np.Array) => [...(await numbersOf(a.ref))];
  const scales = (await numbers(params.logScale as np.Array)).map(Math.exp);
  expect(scales[0]! / 1e8).toBeCloseTo(1, 0);
  expect(scales[1]).toBe(1);
  expect(Math.min(...(await numbers(params.logStd)))).toBeGreaterThan(Math.log(Math.sqrt(0.01 * 0.6)));
  const { z } = layer.forward(params, floats(data, [COUNT, 3]), {});
  const rows = toRows([...(await numbersOf(z))], 3);
  for (const column of [1, 2]) expect(sum(rows.map((row) => row[column]! ** 2)) / COUNT).toBeCloseTo(1, 1);
});

it("a whitening by held-out variances keeps columns that nearly follow from others, and makes no direction too narrow", async () => {
  const [rng, n, count, noise] = [makeRng(6), 30, 60, 3e-4];
  const loadings = Array.from({ length: n }, (_, i) => [0, 1, 2].map((f) => Math.exp(-((i / 10 - f) ** 2))));
  const draw = (rows: number): Float32Array =>
    Float32Array.from(
      Array.from({ length: rows }, () => {
        const common = [0, 1, 2].map(() => rng.normal());
        return loadings.map((own) => 3 + sum(own.map((v, f) => v * common[f]!)) + noise * rng.normal());
      }).flat(),
    );
  const [seen, fresh] = [draw(count), draw(COUNT)];
  const logOf = async (layer: FlowLayer): Promise<number> => {
    const params = (await layer.initFromData?.(random.key(1), examplesOf(seen, count, [n]))) as ArrayTree;
    const { z, contribution } = layer.forward(params, floats(fresh, [COUNT, n]), {});
    return (
      (sum(await numbersOf(z.reshape([-1])).then((all) => all.map((v) => logNormal(v)))) +
        sum(await numbersOf(contribution))) /
      COUNT
    );
  };
  const [held, empirical, shrunk] = [
    await logOf(whiten([n], { scaled: true, heldOut: true })),
    await logOf(whiten([n], { scaled: true })),
    await logOf(whiten([n], { scaled: true, shrinkage: 1e-4 })),
  ];
  // 27 directions of the noise alone, and 3 of variances near 5
  const best = -27 * (Math.log(noise) + 0.5 * Math.log(2 * Math.PI * Math.E)) - 3 * 2.2;
  expect(held).toBeGreaterThan(best - 8);
  expect(held).toBeGreaterThan(empirical + 10);
  expect(held).toBeGreaterThan(shrunk + 50);
});

it("actnorm in front of an asinh: median and quartiles of a normal number, or an edge and what is next to it", async () => {
  const [rng, count] = [makeRng(3), 2000];
  const layer: FlowLayer = actnorm([4], { bent: true });
  const data = Float32Array.from({ length: 4 * count }, (_, i) =>
    i % 4 === 0
      ? 7 + 2 * rng.normal()
      : i % 4 === 1
        ? 3 + Math.exp(3 * rng.normal())
        : i % 4 === 2
          ? -Math.exp(rng.normal())
          : 5,
  );
  const params = (await layer.initFromData?.(random.key(1), examplesOf(data, count, [4]))) as ArrayTree;
  const { z } = layer.forward(params, floats(data, [count, 4]), {});
  const rows = toRows(await numbersOf(z), 4);
  const at = (c: number, share: number): number =>
    rows.map((row) => row[c] as number).toSorted((a, b) => a - b)[Math.round(share * (count - 1))]!;
  expect(at(0, 0.5)).toBeCloseTo(0, 5);
  expect(at(0, 0.75) - at(0, 0.25)).toBeCloseTo(1.349, 3);
  expect([at(1, 0), at(1, 0.01)]).toEqual([0, expect.closeTo(1, 2)]);
  expect([at(2, 1), at(2, 0.99)]).toEqual([0, expect.closeTo(-1, 2)]);
  expect([at(3, 0), at(3, 1)]).toEqual([0, 0]);
});
