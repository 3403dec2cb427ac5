/** Functions with a minimum once more, entry by entry: L, and what the inverse draws. */
import { describe, expect, it } from "vitest";
import type { HostArray } from "../../src/params/host-array.js";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logNormal } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";

/** The functions in plain JavaScript, Φ by its series, and where they are least. */
const functions: { readonly [name: string]: readonly [f: (x: number) => number, least: number] } = {
  silu: [(x) => x / (1 + Math.exp(-x)), -0.27846454276107385],
  mish: [(x) => x * Math.tanh(Math.log1p(Math.exp(x))), -0.30884341301725043],
  geluTanh: [
    (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    -0.17004075057125403,
  ],
  gelu: [(x) => x * (0.5 + series(x) * Math.exp(logNormal(x))), -0.1699712],
  hardSwish: [(x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, -0.375],
};

/** (Φ(x) − ½) / φ(x). */
function series(x: number): number {
  let [term, total] = [x, x];
  for (let k = 1; k < 100; k++) {
    term *= (x * x) / (2 * k + 1);
    total += term;
  }
  return total;
}

const entries = catalog
  .filter(({ layer }) => layer.name === "selfGated")
  .map((entry) => ({ ...entry, function: entry.name.split(" ")[1] as string }));

type Host = { left: HostArray; flat?: { odds: HostArray; logA: HostArray; logB: HostArray } };

describe("selfGated", () => {
  it.each(entries)("contributes log |f′| and log π(side | z): $name", async (entry) => {
    const { layer } = entry;
    const prepared = await prepare(entry, "float64");
    const [f, least] = functions[entry.function] as (typeof functions)[string];
    const { left, flat } = prepared.hostParams as unknown as Host;
    const [size, channels] = [sizeOf(layer.inShape), layer.inShape[0] as number];
    const drawn = layer.forward(prepared.params(), prepared.x(), prepared.forwardNoise());
    const z = await numbersOf(drawn.z);
    const totals = new Array<number>(z.length / size).fill(0);
    for (const [i, x] of (await numbersOf(prepared.x())).entries()) {
      const c = Math.floor(((i % size) * channels) / size);
      const own = z[i] as number;
      const s = Math.min(Math.log(least / own), 16) / 4;
      const at = (array: HostArray, row = 0): number => array.data[row * channels + c] as number;
      const weights = {
        left: own < 0 && own > least ? Math.exp(at(left) + at(left, 1) * s + at(left, 2) * s * s) : 0,
        right: own > least ? 1 : 0,
        flat: flat ? Math.exp(at(flat.odds) - at(flat.logA) - 0.5 * (own / Math.exp(at(flat.logA))) ** 2) : 0,
      };
      const isFlat = flat !== undefined && x <= -3;
      const side = isFlat ? "flat" : x < -0.7 && f(x + 1e-6) < f(x) ? "left" : "right";
      const share = Math.log(weights[side] / (weights.left + weights.right + weights.flat));
      const jacobian = isFlat
        ? Math.log(2) +
          logNormal(-3 - x, 0, Math.exp(at(flat.logB))) -
          logNormal(own, 0, Math.exp(at(flat.logA)))
        : Math.log(Math.abs(f(x + 1e-5) - f(x - 1e-5)) / 2e-5);
      totals[Math.floor(i / size)]! += share + jacobian;
    }
    const figures = await numbersOf(drawn.contribution);
    expectClose(figures, totals, "start");
  });

  it("draws both sides as often as their odds say, and from 0 on the right one", async () => {
    const { layer } = entries[0] as (typeof entries)[number];
    const prepared = await prepare({ layer, batch: 4000 }, "float32");
    const params = prepared.params() as { left: import("@jax-js/jax").numpy.Array };
    const x = await numbersOf(layer.inverse(params, prepared.z(), prepared.inverseNoise()));
    const z = await numbersOf(prepared.z());
    const coefficients = (prepared.hostParams as unknown as Host).left.data;
    const inside = z.flatMap((v, i) =>
      i % 5 === 0 && v < -0.1 && v > -0.2 ? [[v, x[i] as number] as const] : [],
    );
    const wanted = inside.map(([v]) => {
      const s = Math.log(-0.27846454276107385 / v) / 4;
      const odds = [0, 5, 10].reduce((sum, at, k) => sum + (coefficients[at] as number) * s ** k, 0);
      return 1 / (1 + Math.exp(-odds));
    });
    const expected = wanted.reduce((a, b) => a + b, 0);
    const lefts = inside.filter(([, own]) => own < -1.2784645).length;
    expect(inside.length).toBeGreaterThan(200);
    expect(Math.abs(lefts - expected)).toBeLessThan(4 * Math.sqrt(inside.length / 4));
    expect(z.every((v, i) => v < 0 || (x[i] as number) >= 0)).toBe(true);
  });
});
