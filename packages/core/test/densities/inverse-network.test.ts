import { random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { gaussian } from "../../src/densities/gaussian.js";
import type { LocationScaleParams } from "../../src/densities/location-scale.js";
import { mixture } from "../../src/densities/mixture.js";
import { treeDispose } from "../../src/params/pytree.js";

/** [outputs, inputs] of each layer of a density's network. */
function shapesOf(params: unknown, networkOf: (params: never) => LocationScaleParams): number[][] {
  const shapes = networkOf(params as never).network.map(({ weight }) => [...weight.shape]);
  treeDispose(params as never);
  return shapes;
}

const ofGaussian = (params: LocationScaleParams): LocationScaleParams => params;
const ofMixture = ({ base }: { base: LocationScaleParams }): LocationScaleParams => base;

describe("the network of a density", () => {
  it.each([
    [
      "of the sizes that are given",
      { hidden: [8, 4] },
      [
        [8, 2],
        [4, 8],
        [6, 4],
      ],
    ],
    ["without hidden layers", { hidden: [] }, [[6, 2]]],
    [
      "the paper's",
      {},
      [
        [64, 2],
        [64, 64],
        [64, 64],
        [64, 64],
        [64, 64],
        [6, 64],
      ],
    ],
  ])("%s", (_what, options, expected) => {
    const key = () => random.key(1);
    expect(shapesOf(gaussian(3, 2, options).init(key()), ofGaussian)).toEqual(expected);
    expect(shapesOf(mixture(3, 2, options).init(key()), ofMixture)).toEqual(expected);
  });

  it("refuses a size that is no positive integer", () => {
    expect(() => gaussian(3, 2, { hidden: [8, 0] })).toThrow(
      "gaussian: hidden[1] must be a positive integer, got 0",
    );
    expect(() => mixture(3, 2, { hidden: [1.5] })).toThrow(
      "mixture: hidden[0] must be a positive integer, got 1.5",
    );
  });
});
