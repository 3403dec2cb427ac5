import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { defineLayer } from "../../src/layer.js";

const functions = {
  init: () => ({}),
  forward: (_params: object, x: np.Array) => ({ z: x, contribution: np.zeros([1]) }),
  inverse: (_params: object, z: np.Array) => z,
};
const noise = { u: { shape: [2], distribution: "uniform" } } as const;

it("a layer keeps the shape, draws nothing and is exact by default", () => {
  const layer = defineLayer({ name: "own", inShape: [2], ...functions });
  const facts = { outShape: [2], exact: true, forwardNoise: {}, inverseNoise: {}, parameterKinds: {} };
  expect(layer).toMatchObject(facts);
  expect(Object.isFrozen(layer)).toBe(true);
});

it("a layer with forward noise is a bound, unless it says that it is exact", () => {
  const own = { name: "own", inShape: [2], forwardNoise: noise, ...functions };
  expect(defineLayer(own).exact).toBe(false);
  expect(defineLayer({ ...own, exact: true }).exact).toBe(true);
});

it("a fact that a getter computes is computed when somebody asks", () => {
  let asked = 0;
  const layer = defineLayer({
    name: "own",
    inShape: [2],
    ...functions,
    facts: {
      get flooredValues() {
        return ++asked;
      },
    },
  });
  expect(asked).toBe(0);
  expect(layer.facts.flooredValues).toBe(1);
});
