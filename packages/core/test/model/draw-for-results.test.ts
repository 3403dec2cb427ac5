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
  const wanted = (await f(normal(COUNT * 6))) as Float32Array;
  const drawn = await drawForResults(model, network, wanted, { seed: 1 });
  (await f(drawn)).forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3);
  });
  await model.dispose();
});

it("drawForResults gives the nearest that it found for a result that there is not", async () => {
  const ends: OrdinaryNetwork = { inShape: [2], layers: [linear(2, 1), { kind: "clip", min: -1, max: 1 }] };
  const model = await FlowModel.create(flowify(ends, { frozen: true }), jaxExecutor());
  const drawn = await drawForResults(model, ends, Float32Array.of(3, 0.5));
  const y = await evaluate(ends, np.array(drawn.slice()).reshape([2, 2])).data();
  expect(y[0]).toBe(1);
  expect(y[1]).toBeCloseTo(0.5, 3);
  await model.dispose();
});
