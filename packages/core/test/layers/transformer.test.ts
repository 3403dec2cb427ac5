import { describe, expect, it } from "vitest";
import { jaxExecutor } from "../../src/executor/jax-executor.js";
import { fit } from "../../src/fit.js";
import { flowify } from "../../src/flowify.js";
import { transformer } from "../../src/layers/transformer.js";
import { makeRng } from "../../src/math/rng.js";
import type { NetworkLayer } from "../../src/network/network.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { host, prepare, toJax, usePrecision } from "../../src/testing/prepare.js";

/** The places of the numbers of z that another number at `changed` in x makes different. */
async function changes(layer: ReturnType<typeof transformer>, changed: number): Promise<number[]> {
  const { params, x } = await prepare({ layer, batch: 1 }, "float64");
  const numbers = await numbersOf(x());
  const other = numbers.map((v, i) => (i === changed ? v + 1 : v));
  const noise = layer.layers.map(() => ({}));
  const [before = [], after = []] = await Promise.all(
    [numbers, other].map((given) => {
      const input = toJax(host(given, [1, ...layer.inShape]), "float64");
      const { z, contribution } = layer.forward(params() as never, input, noise);
      contribution.dispose();
      return numbersOf(z);
    }),
  );
  return before.flatMap((v, i) => (v === after[i] ? [] : [i]));
}

const tiny = { patch: 2, hidden: 4, heads: 2, depth: 1 };

describe("transformer", () => {
  // patches of a 4 × 6 image, with the places of their numbers:
  //  0  1 |  2  3 |  4  5
  //  6  7 |  8  9 | 10 11
  // 12 13 | 14 15 | 16 17
  // 18 19 | 20 21 | 22 23
  it("a block sees the patches before a number, row by row, and its place alone in its own", async () => {
    const layer = transformer([1, 4, 6], 1, tiny);
    expect(await changes(layer, 11)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(await changes(layer, 17)).toEqual([17]);
  });

  it("the second block sees them from last to first", async () => {
    const layer = transformer([8], 2, tiny);
    expect(await changes(layer, 7)).toEqual([0, 1, 2, 3, 4, 5, 7]);
    expect(await changes(layer, 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  // all patches are like the first, on which they depend one by one; a coupling has to learn that for every pair
  it("learns in 40 steps what couplings do not: patches that repeat each other", {
    tags: ["long"],
  }, async () => {
    usePrecision("float32");
    const rng = makeRng(4);
    const [patches, numbers, noise] = [8, 2, 0.1];
    const x = Float32Array.from({ length: 384 * patches * numbers });
    for (let row = 0; row < x.length; row += patches * numbers) {
      const first = Array.from({ length: numbers }, () => rng.normal());
      for (let i = 0; i < patches * numbers; i++)
        x[row + i] = (first[i % numbers] as number) + noise * rng.normal();
    }
    const bits = async (layer: NetworkLayer): Promise<number> => {
      const network = { inShape: [patches * numbers], layers: [layer] };
      const model = await fit(flowify(network), x.subarray(0, 4096), {
        steps: 40,
        batchSize: 32,
        learningRate: 0.01,
        seed: 1,
        executor: jaxExecutor(),
      });
      const nats = await model.logProb(x.subarray(4096));
      await model.dispose();
      return -nats.reduce((a, b) => a + b, 0) / nats.length / (patches * numbers) / Math.LN2;
    };
    const attention = await bits({ kind: "transformer", stack: 2, patch: 2, hidden: 16, heads: 2, depth: 1 });
    const couplings = await bits({ kind: "coupling", stack: 2, hidden: 64 });
    expect(attention).toBeLessThan(couplings - 0.5);
  });
});
