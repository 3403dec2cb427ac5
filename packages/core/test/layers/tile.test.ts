/** Overlapping windows that reach beyond the image, entry by entry from the formula. */
import { describe, expect, it } from "vitest";
import { tile } from "../../src/layers/tile.js";
import { makeRng } from "../../src/math/rng.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { sum } from "../../src/testing/plain.js";
import { host, toJax, usePrecision } from "../../src/testing/prepare.js";
import { expectClose } from "../support/compare.js";

const SIDE = 3;
const WINDOWS = 4; // windows of 2 × 2, one pixel around the image
const LOG_A = -0.7;

/** The pixel of each entry of the patches, undefined beyond the image. */
const pixels = Array.from({ length: WINDOWS ** 2 * 4 }, (_, at) => {
  const [patch, entry] = [Math.floor(at / 4), at % 4];
  const row = Math.floor(patch / WINDOWS) + Math.floor(entry / 2) - 1;
  const column = (patch % WINDOWS) + (entry % 2) - 1;
  const inside = row >= 0 && row < SIDE && column >= 0 && column < SIDE;
  return inside ? row * SIDE + column : undefined;
});

describe("a tile with nothing around the image", () => {
  usePrecision("float64");
  const axis = { count: WINDOWS, size: 2, stride: 1, dilation: 1 };
  const around = { top: 1, bottom: 1, left: 1, right: 1 };
  const layer = tile([1, SIDE, SIDE], [axis, axis], { logA: LOG_A, around });
  const rng = makeRng(5);
  const x = Array.from({ length: SIDE ** 2 }, () => rng.normal());
  const epsilon = pixels.map(() => rng.normal());
  const copiesOf = (pixel: number): number[] => epsilon.filter((_, at) => pixels[at] === pixel);
  const centred = pixels.map((pixel, at) => {
    if (pixel === undefined) return 0;
    const copies = copiesOf(pixel);
    return epsilon[at]! - sum(copies) / copies.length;
  });
  const forward = () =>
    layer.forward(
      { logA: toJax(host([LOG_A], []), "float64") },
      toJax(host(x, [1, 1, SIDE, SIDE]), "float64"),
      {
        tile: toJax(host(epsilon, [1, WINDOWS, WINDOWS, 4]), "float64"),
      },
    );

  it("copies pixels with centred noise, and holds zeros beyond", async () => {
    const { z, contribution } = forward();
    contribution.dispose();
    const expected = pixels.map((pixel, at) =>
      pixel === undefined
        ? 0
        : x[pixel]! + Math.sqrt(copiesOf(pixel).length) * Math.exp(LOG_A) * centred[at]!,
    );
    expectClose(await numbersOf(z), expected, "closedForm64");
    expect(expected.filter((value) => value === 0).length).toBe(
      4 * WINDOWS ** 2 - sum(x.map((_, p) => copiesOf(p).length)),
    );
  });

  it("contributes for the copies of pixels alone", async () => {
    const { z, contribution } = forward();
    z.dispose();
    const fixed = x.map((_, pixel) => {
      const n = copiesOf(pixel).length;
      return (n / 2) * Math.log(n) + (n - 1) * (0.5 * Math.log(2 * Math.PI) + LOG_A);
    });
    expectClose(
      await numbersOf(contribution),
      [sum(fixed) + sum(centred.map((u) => u * u)) / 2],
      "closedForm64",
    );
  });
});
