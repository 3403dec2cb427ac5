import { numpy as np, random, tree } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import { catalog } from "../catalog.js";
import { arraysOf } from "../support/arrays.js";
import { noiseSize, prepare, usePrecision } from "../support/prepare.js";

describe.each(["float32", "float64"] as const)("shapes and types in %s", (precision) => {
  it.each(catalog)("$name", async (entry) => {
    const { params, x, z, forwardNoise, inverseNoise } = await prepare(entry, precision);
    const { layer, batch = 3 } = entry;
    const forward = layer.forward(params(), x(), forwardNoise());
    expect(forward.z.shape).toEqual([batch, ...layer.outShape]);
    expect(forward.contribution.shape).toEqual([batch]);
    expect([forward.z.dtype, forward.contribution.dtype]).toEqual([precision, precision]);
    const inverse = layer.inverse(params(), z(), inverseNoise());
    expect(inverse.shape).toEqual([batch, ...layer.inShape]);
    expect(inverse.dtype).toBe(precision);
    tree.dispose([forward.z, forward.contribution, inverse]);
  });
});

describe("what a layer declares", () => {
  it.each(catalog)("is frozen, and exact where no noise is drawn forward: $name", ({ layer }) => {
    expect(Object.isFrozen(layer)).toBe(true);
    expect(layer.exact).toBe(noiseSize(layer.forwardNoise) === 0);
  });

  it.each(catalog)(
    "the same key starts the same parameters, another key shares their shapes: $name",
    ({ layer }) => {
      usePrecision("float32");
      const read = (seed: number): unknown[] => {
        const leaves = arraysOf(layer.init(random.key(seed)));
        return leaves.map((leaf) => [leaf.shape, Array.from(leaf.dataSync())]);
      };
      expect(read(3)).toEqual(read(3));
      expect(read(4).map((leaf) => (leaf as unknown[])[0])).toEqual(
        read(3).map((leaf) => (leaf as unknown[])[0]),
      );
    },
  );
});

describe("an array that does not fit is refused by name, and nothing is consumed", () => {
  it.each(catalog)("$name", async (entry) => {
    const { params, forwardNoise, inverseNoise } = await prepare(entry, "float32");
    const { layer } = entry;
    const own = params();
    for (const bad of [
      [2, ...layer.inShape, 1],
      [2, ...layer.inShape.slice(0, -1), 99],
    ]) {
      const x = np.zeros(bad);
      const noise = forwardNoise();
      const attempt = (): unknown => layer.forward(own, x, noise);
      expect(attempt).toThrow(ShapeError);
      expect(attempt).toThrow(`[${bad.join(", ")}]`);
      for (const array of arraysOf([own, x, noise])) expect(array.refCount).toBe(1);
      tree.dispose([x, noise]);
    }
    const z = np.zeros([2, ...layer.outShape.slice(0, -1), 99]);
    const noise = inverseNoise();
    expect(() => layer.inverse(own, z, noise)).toThrow(ShapeError);
    for (const array of arraysOf([own, z, noise])) expect(array.refCount).toBe(1);
    tree.dispose([own, z, noise]);
  });
});
