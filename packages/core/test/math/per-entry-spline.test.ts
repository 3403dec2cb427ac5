import { expect, it } from "vitest";
import { ownForward, ownInverse, type RawSplines, splineKnots } from "../../src/math/per-entry-spline.js";
import { makeRng } from "../../src/math/rng.js";
import { MIN_SIZE, UNIT_DERIVATIVE } from "../../src/math/spline-parameters.js";
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

/** Left knots of such unnormalized sizes [K, M], in float64. */
function knotsOf(raw: Float32Array, bins: number, bound: number): Float64Array {
  const knots = new Float64Array(raw.length);
  for (let i = 0; i < COUNT; i++) {
    const masses = Array.from({ length: bins }, (_, k) => Math.exp(raw[k * COUNT + i]!));
    const total = masses.reduce((a, b) => a + b);
    let before = 0;
    for (const [k, mass] of masses.entries()) {
      knots[k * COUNT + i] = bound * (2 * before - 1);
      before += (1 - MIN_SIZE * bins) * (mass / total) + MIN_SIZE;
    }
  }
  return knots;
}

it("near 0, an entry has the digits of its knots, however far the ends of the interval are", async () => {
  const bins = 6;
  const rng = makeRng(3);
  const [x, up, across, derivatives] = [1, bins, bins, bins - 1].map((rows) =>
    Float32Array.from({ length: rows * COUNT }, () => 0.2 * rng.normal()),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const splines = () => ({
    widths: floats(across, [bins, COUNT]),
    heights: floats(up, [bins, COUNT]),
    derivatives: floats(derivatives, [bins - 1, COUNT]),
    shift: UNIT_DERIVATIVE,
    bound: 3,
  });
  const knots: Float64Array[] = [];
  for (const row of splineKnots(splines())) knots.push(Float64Array.from(await row.data()));
  const [x0, y0] = [knotsOf(across, bins, 3), knotsOf(up, bins, 3)];
  const { value } = splineOf([x0, knots[1]!, y0, ...knots.slice(3)], bins);
  const found = await ownForward(floats(x, [COUNT]), splines()).z.data();
  const errors = Array.from(found, (z, i) => Math.abs(z - value(i, x[i]!)));
  // a sum of sizes from −3 on has an error of 2e-7
  expect(errors.reduce((a, b) => a + b) / COUNT).toBeLessThan(1.5e-7);
});
