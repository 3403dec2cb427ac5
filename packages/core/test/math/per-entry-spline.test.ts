import { expect, it } from "vitest";
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

/** Spline i of these left knots and derivatives in float64: the formula of Durkan et al. 2019, its inverse by bisection. */
function splineOf([x0, , y0, , d0, d1]: readonly Float64Array[], bins: number) {
  const next = (knots: Float64Array, at: number): number => knots[at + COUNT] ?? 3;
  const value = (i: number, x: number): number => {
    if (Math.abs(x) >= 3) return x;
    let at = i;
    for (let k = 1; k < bins && x0![k * COUNT + i]! <= x; k++) at = k * COUNT + i;
    const [width, height] = [next(x0!, at) - x0![at]!, next(y0!, at) - y0![at]!];
    const slope = height / width;
    const t = (x - x0![at]!) / width;
    const u = t * (1 - t);
    return (
      y0![at]! + (height * (slope * t * t + d0![at]! * u)) / (slope + (d0![at]! + d1![at]! - 2 * slope) * u)
    );
  };
  const inverse = (i: number, z: number): number => {
    if (Math.abs(z) >= 3) return z;
    let [low, high] = [-3, 3];
    for (let halved = 0; halved < 50; halved++) {
      const middle = (low + high) / 2;
      if (value(i, middle) <= z) low = middle;
      else high = middle;
    }
    return low;
  };
  return { value, inverse };
}

it.each([2, 5, 16])(
  "of %i bins: entries find their bins without all knots, as a search in float64 does",
  async (bins) => {
    const { splines, x } = example(bins);
    const knots: Float64Array[] = [];
    for (const row of splineKnots(splines())) knots.push(Float64Array.from(await row.data()));
    const { value, inverse } = splineOf(knots, bins);
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
