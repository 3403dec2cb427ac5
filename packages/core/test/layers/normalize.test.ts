/** Normalizations: L by the Jacobian, with the noise and what is dropped as further coordinates. */
import { jacfwd, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { sizeOf } from "../../src/shape.js";
import { numbersOf } from "../../src/testing/arrays.js";
import { logAbsDet, logNormal, sum, toRows } from "../../src/testing/plain.js";
import { prepare } from "../../src/testing/prepare.js";
import { catalog } from "../catalog.js";
import { expectClose } from "../support/compare.js";
import { narrow } from "../support/densities.js";

const entries = catalog.filter(({ layer }) => layer.name === "normalize");

/** What a row loses: m and log s, log s, or log Σ eˣ. */
function dropped(name: string, x: np.Array): np.Array {
  if (name.includes("softmax")) return np.log(np.sum(np.exp(x), 1, { keepdims: true }));
  const m = np.mean(x.ref, 1, { keepdims: true });
  const rest = name.includes("layerNorm") ? x.sub(m.ref) : x;
  const log = np.log(np.sqrt(np.mean(np.square(rest), 1, { keepdims: true })));
  if (name.includes("layerNorm")) return np.concatenate([m, log], 1);
  m.dispose();
  return log;
}

describe("normalize", () => {
  it.each(entries)("(x, ε) ↦ (z, what is dropped): $name", async (entry) => {
    const { layer, name } = entry;
    const prepared = await prepare(entry, "float64");
    const n = layer.inShape.at(-1) as number;
    const [size, k] = [sizeOf(layer.inShape), name.includes("layerNorm") ? 2 : 1];
    const noises = (size / n) * k;
    const shapes = { x: [1, ...layer.inShape], normal: [1, ...layer.inShape.slice(0, -1), k] };
    const x = await numbersOf(prepared.x(1));
    const { normal } = prepared.forwardNoise(1) as { normal: np.Array };
    const epsilon = await numbersOf(normal);
    const map = (v: np.Array): np.Array => {
      const own = v.ref.slice([0, size]);
      const noise = { normal: v.slice([size, size + noises]).reshape(shapes.normal) };
      const { z, contribution } = layer.forward(prepared.params(), own.ref.reshape(shapes.x), noise);
      contribution.dispose();
      return np.concatenate([z.reshape([-1]), dropped(name, own.reshape([-1, n])).reshape([-1])]);
    };
    const at = () => np.stack([...x, ...epsilon].map((v) => np.full([], v, { dtype: np.float64 })));
    const det = logAbsDet(toRows(await numbersOf(jacfwd(map)(at())), size + noises));
    const all = await numbersOf(map(at()));
    const { z, contribution } = layer.forward(prepared.params(), prepared.x(1), prepared.forwardNoise(1));
    z.dispose();
    // q(what is dropped | u), by the density itself: u is z where nothing is added
    const density = narrow(k, n);
    const params = prepared.params() as { logA: np.Array; dropped: never };
    params.logA.dispose();
    const rows = toRows(x, n);
    const lost = toRows(all.slice(size), k);
    const seen = rows.map((row, i) => row.map((v) => seenOf(name, v, lost[i] as number[])));
    const array = (values: number[][], width: number) =>
      np.stack(values.flat().map((v) => np.full([], v, { dtype: np.float64 }))).reshape([-1, width]);
    const logQ = sum(await numbersOf(density.logProb(params.dropped, array(lost, k), array(seen, n))));
    expectClose(
      await numbersOf(contribution),
      [det + logQ - sum(epsilon.map((v) => logNormal(v)))],
      "contribution",
    );
    expect(det).not.toBe(0);
  });
});

/** u of an entry, given what its row loses. */
function seenOf(name: string, x: number, [first = 0, second = 0]: readonly number[]): number {
  if (name.includes("softmax")) return x - first;
  return name.includes("layerNorm") ? (x - first) / Math.exp(second) : x / Math.exp(first);
}
