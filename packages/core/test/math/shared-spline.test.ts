import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { makeRng } from "../../src/entries/layer.js";
import { sharedForward, splineTables } from "../../src/math/shared-spline.js";

const [BINS, BOUND] = [16, 5];

it("narrow bins near 0 keep the digits of float32 far from the ends of the spline", () => {
  const rng = makeRng(2);
  // bins in the middle have a hundredth of the width of those outside
  const drawn = (count: number, size: number): number[] =>
    Array.from({ length: count }, (_, k) => size * Math.abs(k - count / 2) + rng.normal());
  const [widths, heights, derivatives] = [drawn(BINS, 0.6), drawn(BINS, 0.6), drawn(BINS - 1, 0)];
  const xs = Array.from(Float32Array.from({ length: 400 }, (_, i) => (i - 200) / 1000));
  const logSlopes = (dtype: typeof np.float64 | typeof np.float32): number[] => {
    const of = (values: readonly number[]): np.Array => np.array([...values]).astype(dtype);
    const [table] = splineTables(
      [{ widths: of(widths), heights: of(heights), derivatives: of(derivatives) }],
      BOUND,
      "forward",
    );
    const { z, logDerivative } = sharedForward(table as NonNullable<typeof table>, of(xs));
    z.dispose();
    return logDerivative.js() as number[];
  };
  const [own, exact] = [logSlopes(np.float32), logSlopes(np.float64)];
  const off = own.map((value, i) => Math.abs(value - (exact[i] as number)));
  expect(Math.max(...off)).toBeLessThan(1e-5);
});
