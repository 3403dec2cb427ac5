import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import {
  drawForResults,
  evaluate,
  FlowModel,
  flowify,
  jaxExecutor,
  makeRng,
  type OrdinaryNetwork,
  ShapeError,
} from "../../src/index.js";

const rng = makeRng(4);
const normal = (n: number): Float32Array => Float32Array.from({ length: n }, () => rng.normal());
const linear = (from: number, out: number) =>
  ({ kind: "linear", out, weights: { weight: normal(from * out), bias: normal(out) } }) as const;

const COUNT = 4;

/** The second ReLU's negative inputs, drawn each by itself, ask the first for results that it never gives. */
const network: OrdinaryNetwork = {
  inShape: [6],
  layers: [
    linear(6, 3),
    { kind: "relu" },
    { kind: "branches", branches: [[linear(3, 3), { kind: "relu" }], []], join: "add" },
    { kind: "relu" },
    linear(3, 2),
  ],
};

const f = async (x: Float32Array) => evaluate(network, np.array(x.slice()).reshape([-1, 6])).data();

it("drawForResults finds inputs of all results that the network can give", async () => {
  const executor = jaxExecutor();
  const model = await FlowModel.create(flowify(network, { frozen: true }), executor);
  const known = normal(COUNT * 6);
  const wanted = (await f(known)) as Float32Array;
  const { items, ways } = await drawForResults(model, network, wanted, known, { seed: 1 });
  (await f(items)).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
  });
  ways.forEach((way, item) => {
    expect(way).toBeGreaterThan(0);
    expect(way).toBeLessThanOrEqual(1);
    expect(items.subarray(item * 6, item * 6 + 6)).not.toEqual(known.subarray(item * 6, item * 6 + 6));
  });
  await expect(drawForResults(model, network, wanted, known.subarray(6))).rejects.toThrow(ShapeError);
  await model.dispose();
});

it("variants of an item have its results, or those that are asked for", async () => {
  const model = await FlowModel.create(flowify(network, { frozen: true }), jaxExecutor());
  const item = normal(6);
  const own = await f(item);
  const same = await model.variants(network, item, { count: 3, seed: 2 });
  const other = await model.variants(network, item, {
    count: 3,
    seed: 2,
    results: new Map([[1, own[1]! + 0.1]]),
  });
  const [near, far] = [await f(same.items), await f(other.items)];
  expect(other.results[1]).toBeCloseTo(own[1]! + 0.1, 4);
  for (let i = 0; i < near.length; i++) {
    expect(near[i]).toBeCloseTo(own[i % 2]!, 3);
    expect(far[i]).toBeCloseTo(other.results[i % 2]!, 3);
  }
  expect(same.items.subarray(0, 6)).not.toEqual(same.items.subarray(6, 12));
  await expect(model.variants(network, item, { results: new Map([[2, 1]]) })).rejects.toThrow(ShapeError);
  await model.dispose();
});

it("drawForResults comes from the known item where its draw lies beyond a ReLU that is off", async () => {
  const first = { weight: Float32Array.of(1, 0) };
  const off: OrdinaryNetwork = {
    inShape: [2],
    layers: [{ kind: "linear", out: 1, weights: first }, { kind: "relu" }],
  };
  const model = { executor: jaxExecutor(), decode: async () => Float32Array.of(-5, 2) };
  const { items, ways } = await drawForResults(model, off, Float32Array.of(1), Float32Array.of(1, 0));
  expect(items[0]).toBeCloseTo(1, 3);
  expect(items[1]).toBeGreaterThan(1.5);
  expect(ways[0]).toBeGreaterThan(0.75);
  expect(ways[0]).toBeLessThan(1);
});

it("drawForResults gives the nearest that it found for a result that there is not", async () => {
  const ends: OrdinaryNetwork = { inShape: [2], layers: [linear(2, 1), { kind: "clip", min: -1, max: 1 }] };
  const model = await FlowModel.create(flowify(ends, { frozen: true }), jaxExecutor());
  const { items, ways } = await drawForResults(model, ends, Float32Array.of(3, 0.5), new Float32Array(4));
  const y = await evaluate(ends, np.array(items.slice()).reshape([2, 2])).data();
  expect(y[0]).toBe(1);
  expect(y[1]).toBeCloseTo(0.5, 3);
  expect(Array.from(ways)).toEqual([0, 1]);
  await model.dispose();
});

it("drawForResults gives the known item where no layer is narrower than it and its draw does not get there", async () => {
  const wider: OrdinaryNetwork = {
    inShape: [3],
    layers: [linear(3, 5), { kind: "relu" }, linear(5, 4), { kind: "tanh" }],
  };
  const model = await FlowModel.create(flowify(wider, { frozen: true }), jaxExecutor());
  const known = normal(16 * 3);
  const of = async (x: Float32Array) => evaluate(wider, np.array(x.slice()).reshape([-1, 3])).data();
  const wanted = (await of(known)) as Float32Array;
  const { items, ways } = await drawForResults(model, wider, wanted, known, { seed: 1 });
  (await of(items)).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
  });
  const stayed = Array.from(ways.keys()).filter((item) => ways[item] === 0);
  expect(stayed.length).toBeGreaterThan(0);
  for (const item of stayed)
    expect(items.subarray(3 * item, 3 * item + 3)).toEqual(known.subarray(3 * item, 3 * item + 3));
  await model.dispose();
});
