import { describe, expect, it } from "vitest";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { convolutions } from "../catalog-images.js";
import { pretrainedConvolutions } from "../catalog-networks.js";
import { expectClose } from "../support/compare.js";
import { convolve, plainConvOf, pretrainedConvOf } from "../support/plain-conv.js";

describe("deterministic mode is the plain convolution", () => {
  it.each(convolutions)("$entry.name", async (one) => {
    const { layer } = one.entry;
    const { params, x, meanNoise, hostParams } = await prepare(one.entry, "float32");
    const { z, contribution } = layer.forward(params(), x(), meanNoise(layer.forwardNoise));
    contribution.dispose();
    const conv = plainConvOf(one, hostParams);
    const plain = toRows(await numbersOf(x()), sizeOf(layer.inShape)).flatMap((image) =>
      convolve(image, one.inShape, conv),
    );
    expectClose(await numbersOf(z), plain, "plain");
  });

  it.each(pretrainedConvolutions)("of the weights that are given: $entry.name", async (one) => {
    const { layer } = one.entry;
    const { params, x, meanNoise } = await prepare(one.entry, "float32");
    const { z, contribution } = layer.forward(params(), x(), meanNoise(layer.forwardNoise));
    contribution.dispose();
    const plain = toRows(await numbersOf(x()), sizeOf(layer.inShape)).flatMap((image) =>
      convolve(image, one.inShape, pretrainedConvOf(one)),
    );
    expectClose(await numbersOf(z), plain, "plain");
  });

  it("is tried for every way that sizes compare", () => {
    const kinds = convolutions.map(({ entry: { layer }, options, inShape, out }) => {
      const { kernel, groups = 1 } = options;
      const [kh, kw] = typeof kernel === "number" ? [kernel, kernel] : kernel;
      expect(layer.outShape[0]).toBe(out);
      return Math.sign((inShape[0] * kh * kw) / groups - out / groups);
    });
    expect(new Set(kinds)).toEqual(new Set([-1, 0, 1]));
  });
});
