import { describe, expect, it } from "vitest";
import { frozen } from "../../src/testing/laws/deterministic.js";
import { expectLaw, subjectsOf } from "../support/laws.js";

const learning = subjectsOf(frozen);

describe(`${frozen.name}: ${frozen.promise}`, () => {
  it.each(learning)("$name", (entry) => expectLaw(frozen, entry));

  it("is tried for every kind of layer that learns more than its function", () => {
    const names = new Set(learning.map(({ layer }) => layer.name));
    expect(names).toEqual(
      new Set([
        "linear",
        "pad",
        "tile",
        "kernel",
        "conv2d",
        "avgPool2d",
        "branches",
        "maxPool2d",
        "conv1d",
        "relu",
        "clip",
        "split",
        "gaussianMixture",
        "flowMixture",
        "parallel",
        "chain",
      ]),
    );
  });
});
