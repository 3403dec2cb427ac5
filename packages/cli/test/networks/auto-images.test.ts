import { zoo } from "@flowify/core";
import { describe, expect, it } from "vitest";
import type { ImageSet } from "../../src/data/image-set.js";
import { type AutoSize, autoNetwork, autoSchedule, autoSizes } from "../../src/networks/auto.js";
import { flowOf } from "../../src/networks/choose.js";
import { autoForTime, productsOf } from "../../src/networks/first-look.js";
import { ratesOf } from "../../src/recipes.js";

const network = (shape: ImageSet["shape"], count: number, size?: AutoSize) =>
  autoNetwork({ shape, count } as unknown as ImageSet, size);
const kinds = (shape: ImageSet["shape"], count: number) =>
  network(shape, count).description?.layers.map(({ kind }) => kind) ?? [];

describe("the network for images of any size", () => {
  const shapes: readonly ImageSet["shape"][] = [
    [1, 28, 28],
    [1, 28, 20],
    [1, 8, 8],
    [1, 7, 5],
    [1, 1, 9],
    [1, 2, 2],
    [3, 32, 32],
    [3, 1, 1],
    [1, 64, 48],
  ];

  it.each(shapes.map((shape) => [shape.join(" × "), shape] as const))("fits %s", (_, shape) => {
    for (const size of autoSizes)
      for (const count of [100, 10_000])
        expect(flowOf(network(shape, count, size), {}).inShape).toEqual(shape);
  });

  it("ends in a mixture behind couplings of all numbers where there are many images of odd sides", () => {
    expect(kinds([1, 27, 28], 10_000).at(-1)).toBe("gaussianMixture");
    expect(kinds([1, 27, 28], 10_000).filter((kind) => kind === "conv2d")).toHaveLength(2);
    expect(kinds([1, 27, 28], 10_000)).not.toContain("transformer");
    expect(kinds([1, 28, 28], 9_999)).not.toContain("gaussianMixture");
    expect(kinds([1, 28, 28], 9_999).filter((kind) => kind === "conv2d")).toHaveLength(5);
  });
});

describe("the network for many small images", () => {
  const patchOf = (shape: ImageSet["shape"], count = 10_000) =>
    network(shape, count).description?.layers.find(({ kind }) => kind === "transformer")?.["patch" as never];

  it("is that of mnist/transformer for digits", () => {
    const { layers } = zoo("mnist/transformer");
    const own = network([1, 28, 28], 10_000).description?.layers;
    expect(own?.map((each) => (each.kind === "transformer" ? { ...each, patch: undefined } : each))).toEqual(
      layers,
    );
  });

  it("has patches that divide an image, and convolutions where none do, or images are few or large", () => {
    expect(patchOf([1, 28, 28])).toBe(4);
    expect(patchOf([3, 16, 16])).toBe(4);
    expect(patchOf([1, 30, 18])).toBe(2);
    expect(patchOf([1, 4, 4])).toBe(2);
    for (const shape of [
      [1, 27, 28],
      [1, 2, 2],
      [3, 32, 32],
    ] as const)
      expect(patchOf(shape)).toBeUndefined();
    expect(patchOf([1, 28, 28], 9_999)).toBeUndefined();
  });

  it("is trained as mnist/transformer", () => {
    const digits = { shape: [1, 28, 28], count: 60_000 } as unknown as ImageSet;
    const { batchSize, learningRate, orthogonalRate, optimizer } = ratesOf("mnist/transformer");
    expect(autoSchedule(digits)).toEqual({ batchSize, learningRate, orthogonalRate, optimizer, steps: 400 });
    expect(autoSchedule({ ...digits, count: 9_999 })).toEqual({
      batchSize: 64,
      learningRate: 3e-3,
      steps: 400,
    });
  });
});

describe("the network that a first look has time for", () => {
  const icons = { shape: [3, 48, 48], count: 1215 } as unknown as ImageSet;
  const chosen = (operationsPerSecond: number) => {
    const { network, batch } = autoForTime(icons, operationsPerSecond);
    const size = autoSizes.find(
      (each) => JSON.stringify(autoNetwork(icons, each)) === JSON.stringify(network),
    );
    return `${size}, ${batch}`;
  };

  it("is smaller on slower machines", () => {
    const rates = [1e12, 2.5e11, 1.6e11, 1e9];
    expect(rates.map(chosen)).toEqual(["large, 64", "large, 16", "medium, 16", "small, 16"]);
  });

  it("is the largest for many images, and for few small ones", () => {
    const digits = { shape: [1, 28, 28], count: 60_000 } as unknown as ImageSet;
    expect(autoForTime(digits, 1e9)).toEqual({ network: autoNetwork(digits), batch: 32 });
    const small = { shape: [1, 8, 8], count: 256 } as unknown as ImageSet;
    expect(autoForTime(small, 1e11)).toEqual({ network: autoNetwork(small), batch: 64 });
  });

  it("counts a product for each weight and place", () => {
    const flow = flowOf(
      {
        name: "two",
        description: {
          inShape: [1, 4, 4],
          layers: [
            { kind: "conv2d", out: 4, kernel: 2, stride: 2 },
            { kind: "flatten" },
            { kind: "linear", out: 16 },
          ],
        },
      } as never,
      {},
    );
    // 4 places of two rotations of 4 × 4, and two rotations of 16 × 16
    expect(productsOf(flow)).toBe(4 * 2 * 16 + 2 * 256);
  });
});
