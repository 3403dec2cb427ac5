/** Max pooling once more by loops over windows: L of images whose windows do not overlap, and the start. */
import { random, tree } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { ArrayTree } from "../../src/layer.js";
import { maxPool2d } from "../../src/layers/max-pool2d.js";
import { nth } from "../../src/lists.js";
import type { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal, toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { pools } from "../catalog-networks.js";
import { examplesOf, hostLeaves } from "../support/arrays.js";
import { expectClose } from "../support/compare.js";

/** Pixels of the windows of one plane, [window][pixel]. */
const windowsOf: { readonly [name: string]: readonly (readonly number[])[] } = {
  "maxPool2d 2×2 stride 2": [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
    [8, 9, 12, 13],
    [10, 11, 14, 15],
  ],
  "maxPool2d 2×2 stride 2, padding 1": [[0], [1, 2], [3, 6], [4, 5, 7, 8]],
  "maxPool2d 1×3 stride 1×3, one window, far": [[0, 1, 2]],
};

const named = pools.filter(({ name }) => name in windowsOf);

describe("max pooling without overlap", () => {
  it.each(named)("contributes −log k + Σ log q of the gaps: $name", async ({ name, ...entry }) => {
    const { layer } = entry;
    const { params, x, forwardNoise, hostParams } = await prepare(entry, "float64");
    const [channels, height, width] = layer.inShape as [number, number, number];
    const logB = (hostLeaves(hostParams)[0] as HostArray).data as Float64Array;
    const windows = windowsOf[name] as (typeof windowsOf)[string];
    const step = layer.forward(params(), x(), forwardNoise());
    const planes = toRows(await numbersOf(x()), height * width);
    const logs = planes.map((plane, i) => {
      const b = Math.exp(logB[i % channels] as number);
      return windows.reduce((total, pixels) => {
        const values = pixels.map((p) => nth(plane, p)).sort((u, v) => v - u);
        const gaps = values.slice(1).map((v) => nth(values, 0) - v);
        return gaps.reduce(
          (sum, gap) => sum + Math.LN2 + logNormal(gap, 0, b),
          total - Math.log(pixels.length),
        );
      }, 0);
    });
    const expected = toRows(logs, channels).map((example) => example.reduce((a, b) => a + b, 0));
    expectClose(await numbersOf(step.contribution), expected, "closedForm64");
    step.z.dispose();
  });

  it("draws every entry of a window as its maximum equally often, and none beyond the image", async () => {
    const layer = maxPool2d([1, 1, 3], { kernel: [1, 2], stride: [1, 2], padding: { left: 1 } });
    const { params, inverseNoise, meanNoise } = await prepare({ layer }, "float32");
    const count = 3000;
    const z = meanNoise({ z: { shape: layer.outShape, distribution: "uniform" } }, count) as { z: never };
    const x = toRows(await numbersOf(layer.inverse(params() as never, z.z, inverseNoise(count))), 3);
    const second = x.filter((example) => example[1] === 0.5).length;
    expect(x.every((example) => example[0] === 0.5)).toBe(true); // alone in its window with the padding
    expect(Math.abs(second / count - 0.5)).toBeLessThan(0.04);
    expect(x.every((example) => Math.max(nth(example, 1), nth(example, 2)) === 0.5)).toBe(true);
  });

  it("starts with √mean gap² of each channel", async () => {
    const layer = maxPool2d([2, 1, 4], { kernel: [1, 2], stride: [1, 2] });
    // gaps 3, 4, 4 and 0 in the first channel, none in the second
    const data = Float32Array.of(0, 3, 5, 1, 1, 1, 2, 2, 4, 0, 2, 2, 3, 3, 1, 1);
    const params = (await layer.initFromData?.(random.key(1), examplesOf(data, 2, [2, 1, 4]))) as ArrayTree[];
    const [, { logB }] = params as unknown as [object, { logB: Parameters<typeof numbersOf>[0] }];
    const average = Math.sqrt(41 / 8);
    expectClose((await numbersOf(logB.ref)).map(Math.exp), [Math.sqrt(41 / 4), average], "start");
    tree.dispose(params);
  });
});
