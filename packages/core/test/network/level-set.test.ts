import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { evaluate, type OrdinaryNetwork, ontoLevelSet, ShapeError } from "../../src/index.js";

const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => 2 * ((seed * 0.37 + (i + 1) * 0.6180339887) % 1) - 1);

const network: OrdinaryNetwork = {
  inShape: [2, 4],
  layers: [
    { kind: "flatten" },
    { kind: "linear", out: 6, weights: { weight: numbers(48, 1), bias: numbers(6, 2) } },
    { kind: "softplus" },
    { kind: "linear", out: 2, weights: { weight: numbers(12, 3) } },
  ],
};

const f = async (x: Float32Array) => evaluate(network, np.array(x.slice()).reshape([3, 2, 4])).data();

it("ontoLevelSet moves items to where the network gives what is wanted, by the shortest way", async () => {
  const items = numbers(24, 4);
  const at = await f(items);
  const wanted = Float32Array.from(at, (value, i) => (i < 2 ? value : value + 0.3)); // the first is there already
  const moved = await ontoLevelSet(network, items, wanted, { tolerance: 1e-5 });
  (await f(moved)).forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 4);
  });
  expect(moved.subarray(0, 8)).toEqual(items.subarray(0, 8));
  const way = moved.reduce((sum, value, i) => sum + (value - items[i]!) ** 2, 0);
  expect(Math.sqrt(way)).toBeLessThan(1.5);
});

it("ontoLevelSet leaves items where no step helps, and refuses results of another size", async () => {
  const dead: OrdinaryNetwork = { inShape: [2], layers: [{ kind: "clip", min: 5, max: 6 }] };
  const items = Float32Array.of(1, 2);
  expect(await ontoLevelSet(dead, items, Float32Array.of(0, 0))).toEqual(items);
  await expect(ontoLevelSet(dead, items, Float32Array.of(0))).rejects.toThrow(ShapeError);
});

it("ontoLevelSet does not move items where inputs and results are many", async () => {
  const wide: OrdinaryNetwork = { inShape: [257], layers: [{ kind: "affine", scale: Float32Array.of(2) }] };
  const items = numbers(257, 1);
  expect(await ontoLevelSet(wide, items, numbers(257, 2))).toEqual(items);
  const narrow: OrdinaryNetwork = { ...wide, inShape: [3] };
  const moved = await ontoLevelSet(narrow, items.subarray(0, 3), Float32Array.of(2, 4, 6));
  expect(Array.from(moved, (value) => Math.round(100 * value))).toEqual([100, 200, 300]);
});
