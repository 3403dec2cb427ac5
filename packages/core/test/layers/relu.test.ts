/** ReLU and clipping once more, entry by entry: what deterministic mode gives, L, and what the inverse draws. */

import { random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { FlowLayer } from "../../src/layer.js";
import { type ClipParams, clip, relu } from "../../src/layers/relu.js";
import { nth } from "../../src/lists.js";
import type { HostArray } from "../../src/params/host-array.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, sum, toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { examplesOf } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";

const ends: { readonly [name: string]: readonly [min: number, max: number] } = {
  relu: [0, Number.POSITIVE_INFINITY],
  "relu of channels, large": [0, Number.POSITIVE_INFINITY],
  "relu of one channel": [0, Number.POSITIVE_INFINITY],
  "clip from above": [Number.NEGATIVE_INFINITY, 0.1],
  "clip at both ends, channels": [-0.5, 0.5],
  "clip at both ends, narrow": [-1e-3, 1e-3],
};

const entries = catalog.filter(({ layer }) => ["relu", "clip"].includes(layer.name));

/** log of the half-normal density. */
const logHalf = (t: number, scale: number): number => Math.log(2) + logNormal(t, 0, scale);

describe("relu and clip", () => {
  it("are all here", () => {
    expect(entries.map(({ name }) => name)).toEqual(Object.keys(ends));
  });

  it.each(entries)("cut in deterministic mode, and contribute log q − log r: $name", async (entry) => {
    const { layer, name } = entry;
    const prepared = await prepare(entry, "float64");
    const [min, max] = ends[name] as readonly [number, number];
    const x = await numbersOf(prepared.x());
    const mean = layer.forward(prepared.params(), prepared.x(), prepared.meanNoise(layer.forwardNoise));
    mean.contribution.dispose();
    expect((await numbersOf(mean.z)).map((v) => v + 0)).toEqual(
      x.map((v) => Math.min(Math.max(v, min), max)),
    );

    const drawn = layer.forward(prepared.params(), prepared.x(), prepared.forwardNoise());
    const z = await numbersOf(drawn.z);
    const params = prepared.hostParams as unknown as { [end: string]: { [name: string]: HostArray } };
    const size = sizeOf(layer.inShape);
    const scale = (end: string, which: string, i: number): number => {
      const logs = params[end]?.[which]?.data as Float64Array;
      return Math.exp(logs[Math.floor(((i % size) * logs.length) / size)] as number);
    };
    const logs = x.map((v, i) => {
      if (v > min && v < max) return 0;
      const [end, bound] = v <= min ? ["low", min] : ["high", max];
      return (
        logHalf(Math.abs(v - bound), scale(end, "logB", i)) -
        logHalf(Math.abs(nth(z, i) - bound), scale(end, "logA", i))
      );
    });
    expectClose(await numbersOf(drawn.contribution), toRows(logs, size).map(sum), "closedForm64");
  });

  it.each(entries)("cut what their inverses draw at the same places: $name", async (entry) => {
    const { layer, name } = entry;
    const { params, z, inverseNoise } = await prepare(entry, "float64");
    const [min, max] = ends[name] as readonly [number, number];
    const cut = (values: number[]): number[] => values.map((v) => Math.min(Math.max(v, min), max));
    const x = await numbersOf(layer.inverse(params(), z(), inverseNoise()));
    const outputs = await numbersOf(z());
    expect(cut(x)).toEqual(cut(outputs));
    expect(x.filter((v, i) => v !== outputs[i]).length).toBeGreaterThan(0);
  });
});

describe("from the data, b is √mean t² of each channel", () => {
  const started = async (layer: FlowLayer<ClipParams>, data: readonly number[]): Promise<ClipParams> =>
    (await layer.initFromData?.(
      random.key(1),
      examplesOf(Float32Array.from(data), data.length / 2, [2]),
    )) as ClipParams;
  const scales = async ({ logA, logB }: NonNullable<ClipParams["low"]>): Promise<number[]> => {
    const [a, b] = [await numbersOf(logA), await numbersOf(logB)];
    expectClose(
      a,
      b.map((log) => log + Math.log(0.1)),
      "start",
    );
    return b.map(Math.exp);
  };

  it("relu; a channel where nothing is cut has the scale of all", async () => {
    const { low } = await started(relu([2]), [-3, 5, 1, 0.5, -4, 2, 2, 1]);
    const b = await scales(low as NonNullable<typeof low>);
    expectClose(b, [Math.sqrt(12.5), Math.sqrt(12.5)], "start");
  });

  it("clip, each end of its own", async () => {
    const { low, high } = await started(clip([2], { min: -1, max: 1.5 }), [-3, 5, 1, 0.5, -4, -2, 2, 0.1]);
    expectClose(await scales(low as NonNullable<typeof low>), [Math.sqrt(6.5), 1], "start");
    expectClose(await scales(high as NonNullable<typeof high>), [0.5, 3.5], "start");
  });

  it("1 where nothing is cut at all", async () => {
    const { low } = await started(relu([2]), [1, 2]);
    expectClose(await scales(low as NonNullable<typeof low>), [1, 1], "start");
  });
});
