import { expect, it } from "vitest";
import { frozen } from "../../src/testing/laws/deterministic.js";
import { subjectsOf } from "../support/laws.js";

it(`${frozen.name} is tried for every kind of layer that learns more than its function`, () => {
  const names = new Set(subjectsOf(frozen).map(({ layer }) => layer.name));
  expect(names).toEqual(
    new Set([
      "linear",
      "pad",
      "tile",
      "kernel",
      "conv2d",
      "avgPool2d",
      "branches",
      "opaque",
      "maxPool2d",
      "conv1d",
      "relu",
      "clip",
      "selfGated",
      "normalize",
      "take",
      "append",
      "split",
      "gaussianMixture",
      "flowMixture",
      "valueTree",
      "valueClasses",
      "mixedRow",
      "parallel",
      "chain",
    ]),
  );
});
