import { describe, expect, it } from "vitest";
import type { ImageSet } from "../../src/data/image-set.js";
import { autoNetwork } from "../../src/networks/auto.js";
import { flowOf } from "../../src/networks/choose.js";

const network = (shape: ImageSet["shape"], count: number) =>
  autoNetwork({ shape, count } as unknown as ImageSet);
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
    for (const count of [100, 10_000]) expect(flowOf(network(shape, count), {}).inShape).toEqual(shape);
  });

  it("ends in a mixture behind couplings of all numbers where there are many images", () => {
    expect(kinds([1, 28, 28], 10_000).at(-1)).toBe("gaussianMixture");
    expect(kinds([1, 28, 28], 10_000).filter((kind) => kind === "conv2d")).toHaveLength(2);
    expect(kinds([1, 28, 28], 9_999)).not.toContain("gaussianMixture");
    expect(kinds([1, 28, 28], 9_999).filter((kind) => kind === "conv2d")).toHaveLength(5);
  });
});
