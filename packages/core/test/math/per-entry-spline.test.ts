import { expect, it } from "vitest";
import { splineMap, splinesOfKnots } from "../../src/coding/splines.js";
import { ownForward, ownInverse, type RawSplines, splineKnots } from "../../src/math/per-entry-spline.js";
import { makeRng } from "../../src/math/rng.js";
import { floats } from "../../src/params/host.js";

const COUNT = 300;

/** Parameters of 300 splines, and entries on both sides of the bound. */
function example(bins: number) {
  const rng = makeRng(bins, 11);
  const draw = (rows: number, size: number): Float32Array =>
    Float32Array.from({ length: rows * COUNT }, () => size * rng.normal());
  const [widths, heights, derivatives] = [draw(bins, 1), draw(bins, 1), draw(bins - 1, 1)];
  const splines = (): RawSplines => ({
    widths: floats(widths, [bins, COUNT]),
    heights: floats(heights, [bins, COUNT]),
    derivatives: floats(derivatives, [bins - 1, COUNT]),
    shift: 0.5,
    bound: 3,
  });
  const x = Float32Array.from({ length: COUNT }, () => 1.7 * rng.normal());
  x.set([-3, 3, 0, -2.9999998, 2.9999998]);
  return { splines, x };
}

it.each([2, 5, 16])(
  "of %i bins: entries find their bins without all knots, as the coder finds them in float64",
  async (bins) => {
    const { splines, x } = example(bins);
    const knots: Float64Array[] = [];
    for (const row of splineKnots(splines())) knots.push(Float64Array.from(await row.data()));
    const { value, inverse } = splineMap(splinesOfKnots(knots, bins, 3));
    const { z, logDerivative } = ownForward(floats(x, [COUNT]), splines());
    const back = await ownInverse(floats(x, [COUNT]), splines()).data();
    const [found, slopes] = [await z.data(), await logDerivative.data()];
    x.forEach((entry, i) => {
      expect(Math.abs(found[i]! - value(i, entry))).toBeLessThan(2e-5);
      expect(Math.abs(back[i]! - inverse(i, entry))).toBeLessThan(2e-4); // may be steep
      const step = 1e-5;
      const rise = (value(i, entry + step) - value(i, entry - step)) / (2 * step);
      expect(Math.abs(slopes[i]! - Math.log(rise))).toBeLessThan(0.05);
    });
  },
);
