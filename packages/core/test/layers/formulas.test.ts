/** A spline, a coupling and a squeeze once more, entry by entry, from the papers' formulas. */
import { random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { coupling } from "../../src/layers/coupling.js";
import { rqSpline } from "../../src/layers/rq-spline.js";
import { squeeze } from "../../src/layers/squeeze.js";
import type { HostArray } from "../../src/params/host-array.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { sum, toRows } from "../../src/testing/plain.js";
import { host, prepare, toJax } from "../../src/testing/prepare.js";
import { expectClose } from "../support/compare.js";
import { dense } from "../support/plain.js";

/** Durkan et al. 2019, equation 4, its knots from unnormalized numbers. */
function spline(
  x: number,
  widths: number[],
  heights: number[],
  derivatives: number[],
  bound: number,
): number {
  if (Math.abs(x) >= bound) return x;
  const knots = (raw: number[]): number[] => {
    const total = sum(raw.map(Math.exp));
    const ends = [-bound];
    for (const v of raw)
      ends.push(
        (ends[ends.length - 1] as number) +
          2 * bound * (1e-3 + (1 - 1e-3 * raw.length) * (Math.exp(v) / total)),
      );
    return ends;
  };
  const [xs, ys] = [knots(widths), knots(heights)];
  const slopes = [1, ...derivatives.map((v) => 1e-3 + Math.log1p(Math.exp(v))), 1];
  const k = xs.findIndex((left, i) => x >= left && x < (xs[i + 1] as number));
  const [x0, x1, y0, y1] = [xs[k], xs[k + 1], ys[k], ys[k + 1]] as [number, number, number, number];
  const [d0, d1] = [slopes[k], slopes[k + 1]] as [number, number];
  const slope = (y1 - y0) / (x1 - x0);
  const t = (x - x0) / (x1 - x0);
  const top = (y1 - y0) * (slope * t * t + d0 * t * (1 - t));
  return y0 + top / (slope + (d1 + d0 - 2 * slope) * t * (1 - t));
}

/** One coupling of a vector: 3 bins, hidden sizes of 4, the first features kept. */
function couple(
  x: number[],
  kept: number,
  layers: { weight: HostArray; bias: HostArray }[],
  bound: number,
  { affine = false } = {},
): number[] {
  const context = layers.reduce(
    (h, { weight, bias }, i) => {
      const [row = []] = dense([h], toRows(weight.data, weight.shape[1] as number), Array.from(bias.data));
      return i < layers.length - 1 ? row.map((v) => Math.max(v, 0)) : row;
    },
    x.slice(0, kept),
  );
  const moved = x.slice(kept).map((v, j) => {
    const each = affine ? 10 : 8;
    const own = context.slice(each * j, each * j + each);
    const unit = Math.log(Math.expm1(1 - 1e-3)); // where a derivative is 1
    const [c = 0, t = 0] = own.splice(8);
    const centre = bound * Math.tanh(c / bound);
    return spline(
      ((v - centre) * (1 + Math.exp(6 * Math.tanh(t / 6)))) / 2,
      own.slice(0, 3).map((u) => u / Math.sqrt(4)),
      own.slice(3, 6).map((u) => u / Math.sqrt(4)),
      own.slice(6).map((u) => u + unit),
      bound,
    );
  });
  return [...x.slice(0, kept), ...moved];
}

describe("formulas", () => {
  it("one spline for all entries, its tails included", async () => {
    const layer = rqSpline([7], { bins: 4, bound: 2, init: "uniform" });
    const prepared = await prepare({ layer, spread: 1, scale: 1.6 }, "float64");
    const { widths, heights, derivatives } = prepared.hostParams as unknown as {
      [name: string]: HostArray;
    };
    const numbers = (array?: HostArray): number[] => Array.from(array?.data ?? []);
    const x = await numbersOf(prepared.x());
    expect(x.some((v) => v > 2) && x.some((v) => v < -2)).toBe(true);
    const plain = x.map((v) => spline(v, numbers(widths), numbers(heights), numbers(derivatives), 2));
    const { z, contribution } = layer.forward(prepared.params() as never, prepared.x(), {});
    contribution.dispose();
    expectClose(await numbersOf(z), plain, "closedForm64");
  });

  it("a spline takes an entry that lies on a knot", async () => {
    const layer = rqSpline([3], { bins: 4, bound: 2 });
    const knots = host([-2, 0, 2], [1, 3]);
    const params = layer.init(random.key(0));
    const { z, contribution } = layer.forward(params, toJax(knots, "float32"), {});
    contribution.dispose();
    expectClose(await numbersOf(z), knots.data, "plain");
  });

  it.each([{}, { affine: true }])(
    "two couplings with the order reversed between them, not after: %o",
    async (options) => {
      const layer = coupling([5], 2, { hidden: 4, bins: 3, bound: 3, ...options });
      const prepared = await prepare({ layer, spread: 1 }, "float64");
      const { z, contribution } = layer.forward(prepared.params() as never, prepared.x(), [{}, {}, {}]);
      contribution.dispose();
      const [first, , second] = prepared.hostParams as unknown as { weight: HostArray; bias: HostArray }[][];
      const plain = toRows(await numbersOf(prepared.x()), 5).flatMap((x) =>
        couple(couple(x, 2, first ?? [], 3, options).toReversed(), 2, second ?? [], 3, options),
      );
      expectClose(await numbersOf(z), plain, "closedForm64");
    },
  );

  it("squeeze: channel 4c + 2a + b holds row parity a and column parity b", async () => {
    const layer = squeeze([2, 4, 6]);
    const { x } = await prepare({ layer, batch: 1 }, "float64");
    const pixels = await numbersOf(x());
    const { z, contribution } = layer.forward({}, x(), {});
    contribution.dispose();
    (await numbersOf(z)).forEach((v, at) => {
      const [j, i, channel] = [at % 3, Math.floor(at / 3) % 2, Math.floor(at / 6)];
      const [c, a, b] = [Math.floor(channel / 4), Math.floor(channel / 2) % 2, channel % 2];
      expect(v).toBe(pixels[(c * 4 + 2 * i + a) * 6 + 2 * j + b]);
    });
  });
});
