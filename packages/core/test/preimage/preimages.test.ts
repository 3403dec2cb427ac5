import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import {
  applyNetwork,
  FlowModel,
  flowify,
  jaxExecutor,
  type OrdinaryNetwork,
  ShapeError,
} from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { preimagesOf } from "../../src/preimage/preimages.js";

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

const f = async (x: Float32Array) => applyNetwork(network, np.array(x.slice()).reshape([-1, 6])).data();

it("preimagesOf finds inputs of all results that the network can give", async () => {
  const executor = jaxExecutor();
  const model = await FlowModel.create(flowify(network, { frozen: true }), executor);
  const known = normal(COUNT * 6);
  const wanted = (await f(known)) as Float32Array;
  const { examples, ways } = await preimagesOf(model, network, wanted, known, { seed: 1 });
  (await f(examples)).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
  });
  ways.forEach((way, example) => {
    expect(way).toBeGreaterThan(0);
    expect(way).toBeLessThanOrEqual(1);
    expect(examples.subarray(example * 6, example * 6 + 6)).not.toEqual(
      known.subarray(example * 6, example * 6 + 6),
    );
  });
  await expect(preimagesOf(model, network, wanted, known.subarray(6))).rejects.toThrow(ShapeError);
  await model.dispose();
});

it("preimages of an example have its results, or those that are asked for", async () => {
  const model = await FlowModel.create(flowify(network, { frozen: true }), jaxExecutor());
  const example = normal(6);
  const own = await f(example);
  const same = await model.preimages(network, example, { count: 3, seed: 2 });
  const other = await model.preimages(network, example, {
    count: 3,
    seed: 2,
    results: new Map([[1, own[1]! + 0.1]]),
  });
  const [near, far] = [await f(same.examples), await f(other.examples)];
  expect(other.results[1]).toBeCloseTo(own[1]! + 0.1, 4);
  for (let i = 0; i < near.length; i++) {
    expect(near[i]).toBeCloseTo(own[i % 2]!, 3);
    expect(far[i]).toBeCloseTo(other.results[i % 2]!, 3);
  }
  expect(same.examples.subarray(0, 6)).not.toEqual(same.examples.subarray(6, 12));
  await expect(model.preimages(network, example, { results: new Map([[2, 1]]) })).rejects.toThrow(ShapeError);
  await model.dispose();
});

it("preimagesOf comes from the known example where its draw lies beyond a ReLU that is off", async () => {
  const first = { weight: Float32Array.of(1, 0) };
  const off: OrdinaryNetwork = {
    inShape: [2],
    layers: [{ kind: "linear", out: 1, weights: first }, { kind: "relu" }],
  };
  const model = { executor: jaxExecutor(), decode: async () => Float32Array.of(-5, 2) };
  const { examples, ways } = await preimagesOf(model, off, Float32Array.of(1), Float32Array.of(1, 0));
  expect(examples[0]).toBeCloseTo(1, 3);
  expect(examples[1]).toBeGreaterThan(1.5);
  expect(ways[0]).toBeGreaterThan(0.75);
  expect(ways[0]).toBeLessThan(1);
});

it("preimagesOf gives the nearest that it found for a result that there is not", async () => {
  const ends: OrdinaryNetwork = { inShape: [2], layers: [linear(2, 1), { kind: "clip", min: -1, max: 1 }] };
  const model = await FlowModel.create(flowify(ends, { frozen: true }), jaxExecutor());
  const { examples, ways } = await preimagesOf(model, ends, Float32Array.of(3, 0.5), new Float32Array(4));
  const y = await applyNetwork(ends, np.array(examples.slice()).reshape([2, 2])).data();
  expect(y[0]).toBe(1);
  expect(y[1]).toBeCloseTo(0.5, 3);
  expect(Array.from(ways)).toEqual([0, 1]);
  await model.dispose();
});

it("preimagesOf gives the known example where no layer is narrower than it and its draw does not get there", async () => {
  const wider: OrdinaryNetwork = {
    inShape: [3],
    layers: [linear(3, 5), { kind: "relu" }, linear(5, 4), { kind: "tanh" }],
  };
  const model = await FlowModel.create(flowify(wider, { frozen: true }), jaxExecutor());
  const known = normal(16 * 3);
  const of = async (x: Float32Array) => applyNetwork(wider, np.array(x.slice()).reshape([-1, 3])).data();
  const wanted = (await of(known)) as Float32Array;
  const { examples, ways } = await preimagesOf(model, wider, wanted, known, { seed: 1 });
  (await of(examples)).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
  });
  const stayed = Array.from(ways.keys()).filter((example) => ways[example] === 0);
  expect(stayed.length).toBeGreaterThan(0);
  for (const example of stayed)
    expect(examples.subarray(3 * example, 3 * example + 3)).toEqual(
      known.subarray(3 * example, 3 * example + 3),
    );
  await model.dispose();
});
