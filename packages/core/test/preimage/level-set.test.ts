import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { applyNetwork, type OrdinaryNetwork, ShapeError } from "../../src/index.js";
import { solve } from "../../src/math/linalg.js";
import { makeRng } from "../../src/math/rng.js";
import { ontoLevelSet } from "../../src/preimage/level-set.js";

const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => 2 * ((seed * 0.37 + (i + 1) * 0.6180339887) % 1) - 1);

const rng = makeRng(4);
const normal = (n: number): Float32Array => Float32Array.from({ length: n }, () => rng.normal());

const network: OrdinaryNetwork = {
  inShape: [2, 4],
  layers: [
    { kind: "flatten" },
    { kind: "linear", out: 6, weights: { weight: numbers(48, 1), bias: numbers(6, 2) } },
    { kind: "softplus" },
    { kind: "linear", out: 2, weights: { weight: numbers(12, 3) } },
  ],
};

const f = async (x: Float32Array) => applyNetwork(network, np.array(x.slice()).reshape([3, 2, 4])).data();

it("ontoLevelSet moves examples to where the network gives what is wanted, by the shortest way", async () => {
  const examples = numbers(24, 4);
  const at = await f(examples);
  const wanted = Float32Array.from(at, (value, i) => (i < 2 ? value : value + 0.3)); // the first is there already
  const moved = await ontoLevelSet(network, examples, wanted, { tolerance: 1e-5 });
  (await f(moved)).forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 4);
  });
  expect(moved.subarray(0, 8)).toEqual(examples.subarray(0, 8));
  const way = moved.reduce((sum, value, i) => sum + (value - examples[i]!) ** 2, 0);
  expect(Math.sqrt(way)).toBeLessThan(1.5);
});

it("ontoLevelSet leaves examples where no step helps, and refuses results of another size", async () => {
  const dead: OrdinaryNetwork = { inShape: [2], layers: [{ kind: "clip", min: 5, max: 6 }] };
  const examples = Float32Array.of(1, 2);
  expect(await ontoLevelSet(dead, examples, Float32Array.of(0, 0))).toEqual(examples);
  await expect(ontoLevelSet(dead, examples, Float32Array.of(0))).rejects.toThrow(ShapeError);
});

it("ontoLevelSet moves examples by what a map says of the way, where inputs and results are many", async () => {
  const [n, m] = [150, 100];
  const weight = normal(m * n);
  const wide: OrdinaryNetwork = { inShape: [n], layers: [{ kind: "linear", out: m, weights: { weight } }] };
  const [examples, wanted] = [normal(2 * n), normal(2 * m)];
  const moved = await ontoLevelSet(wide, examples, wanted, { tolerance: 1e-5 });
  for (const k of [0, 1]) {
    const x = examples.subarray(k * n, (k + 1) * n);
    const row = (i: number) => weight.subarray(i * n, (i + 1) * n);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const gram = Float64Array.from({ length: m * m }, (_, i) => dot(row(Math.floor(i / m)), row(i % m)));
    const left = Float64Array.from({ length: m }, (_, i) => wanted[k * m + i]! - dot(row(i), x));
    const weights = solve({ rows: m, columns: m, data: gram }, left);
    moved.subarray(k * n, (k + 1) * n).forEach((value, j) => {
      expect(value - x[j]!).toBeCloseTo(
        weights.reduce((sum, w, i) => sum + w * weight[i * n + j]!, 0),
        3,
      );
    });
  }
});

it.each([
  ["fewer results", [300, 120]],
  ["as many results, through few numbers", [200, 20, 200]],
  ["more results", [100, 250]],
])("ontoLevelSet goes there where inputs and results are many: %s", async (_, [inSize = 0, ...sizes]) => {
  const layers = sizes.flatMap((out, i) => {
    const from = [inSize, ...sizes][i]!;
    const weight = normal(from * out).map((value) => value / Math.sqrt(from));
    return [{ kind: "linear", out, weights: { weight } }, { kind: "tanh" }] as const;
  });
  const net: OrdinaryNetwork = { inShape: [inSize], layers };
  const of = async (x: Float32Array) => applyNetwork(net, np.array(x.slice()).reshape([2, inSize])).data();
  const examples = normal(2 * inSize);
  const near = examples.map((value, i) => value + 0.3 * Math.sin(i));
  const wanted = Float32Array.from(await of(near));
  const found = await of(await ontoLevelSet(net, examples, wanted, { tolerance: 1e-4 }));
  found.forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(2e-4);
  });
});
