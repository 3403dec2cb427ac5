/** Where layers of given weights start from the data: the function stays, what is dropped is uncorrelated. */
import { numpy as np, random, tree } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import type { ArrayTree, FlowLayer } from "../../src/layer.js";
import { conv2d } from "../../src/layers/conv2d.js";
import { linear } from "../../src/layers/linear.js";
import { makeRng } from "../../src/math/rng.js";
import { meanNoise } from "../../src/noise.js";
import { floats } from "../../src/params/host.js";
import { treeRef } from "../../src/params/pytree.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { dot, toRows } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { examplesOf } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";
import { transpose } from "../support/plain.js";

beforeAll(() => usePrecision("float32"));

const COUNT = 400;
const rng = makeRng(12);
const weights = { weight: Float32Array.from({ length: 10 }, () => rng.normal()) };

/** Entries that depend on each other. */
const data = Float32Array.from({ length: COUNT * 5 });
for (let example = 0; example < COUNT; example++)
  for (let i = 0, last = 0; i < 5; i++) {
    last = 0.8 * last + (1 + i) * rng.normal();
    data[example * 5 + i] = last;
  }

const layers: { readonly [name: string]: FlowLayer } = {
  linear: linear(5, 2, { weights }),
  kernel: conv2d([5, 1, 1], 2, { kernel: 1, weights }),
};

describe("given weights, started from data", () => {
  it.each(Object.entries(layers))("%s", async (_, layer) => {
    const x = () => floats(data, [COUNT, ...layer.inShape]);
    const outputs = async (params: ArrayTree): Promise<number[]> => {
      const { z, contribution } = layer.forward(params, x(), meanNoise(layer.forwardNoise, COUNT));
      contribution.dispose();
      return numbersOf(z);
    };
    const params = (await layer.initFromData?.(
      random.key(1),
      examplesOf(data, COUNT, layer.inShape),
    )) as ArrayTree;
    const own = Array.isArray(params) ? params.find((part) => "rotateIn" in (part as object)) : params;
    const { rotateIn } = own as { rotateIn: np.Array };
    const drop = np.matmul(floats(data, [COUNT, 5]), rotateIn.ref).slice([], [0, 3]);
    const columns = transpose(toRows(await numbersOf(drop), 3)).map((column) => {
      const mean = column.reduce((a, b) => a + b, 0) / COUNT;
      return column.map((v) => v - mean);
    });
    const size = (v: number[]): number => Math.sqrt(dot(v, v));
    for (const [i, a] of columns.entries())
      for (const b of columns.slice(i + 1)) {
        expect(Math.abs(dot(a, b)) / (size(a) * size(b))).toBeLessThan(1e-3);
        expect(size(a)).toBeLessThan(size(b)); // least variance first
      }
    const started = await outputs(treeRef(params));
    expectClose(started, await outputs(layer.init(random.key(1))), "plain", 10);
    tree.dispose(params);
  });
});
