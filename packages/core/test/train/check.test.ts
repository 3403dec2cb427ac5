import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { createTrainer, flow, jaxExecutor } from "../../src/index.js";
import { type ArrayTree, defineLayer, type FlowLayer } from "../../src/layer.js";
import { linear } from "../../src/layers/linear.js";
import { makeRng } from "../../src/math/rng.js";

const rng = makeRng(5);
const examples = Float32Array.from({ length: 128 }, () => rng.normal());

/** A layer of pairs that says it contributes nothing, whatever it does. */
const pairs = <P extends ArrayTree>(
  name: string,
  init: () => P,
  f: (params: P, x: np.Array) => np.Array,
): FlowLayer<P> =>
  defineLayer({
    name,
    inShape: [2],
    outShape: [2],
    exact: true,
    forwardNoise: {},
    inverseNoise: {},
    parameterKinds: {},
    init: (key) => {
      key.dispose();
      return init();
    },
    forward: (params, x) => ({ contribution: np.zeros([x.shape[0] as number]), z: f(params, x) }),
    inverse: (_, z) => z,
  });
const plain = (name: string, f: (x: np.Array) => np.Array) =>
  pairs(
    name,
    () => ({}),
    (_, x) => f(x),
  );

const trainerOf = (layers: FlowLayer[], check = false) =>
  createTrainer({
    flow: flow([...layers, linear(2, 2)]),
    executor: jaxExecutor(),
    data: { examples, count: 64 },
    batchSize: 16,
    steps: 3,
    check,
  });

describe("a step that is not finite", () => {
  it("names the layer whose output is the first, and the example", async () => {
    const trainer = await trainerOf([
      plain("same", (x) => x),
      plain("grow", (x) => np.exp(x.mul(100))),
      plain("twice", (x) => x.mul(2)),
    ]);
    const step = trainer.step();
    await expect(step).rejects.toMatchObject({ code: "NOT_FINITE", step: 1, layer: "grow[1]" });
    await expect(step).rejects.toThrow(
      /the first that is not finite is grow\[1\], at example \d+ of the batch/,
    );
    await trainer.dispose();
  });

  it("names the layer whose gradient it is, where all outputs are finite", async () => {
    // √|p| has no slope at p = 0
    const root = pairs<np.Array>(
      "root",
      () => np.zeros([1]),
      (p, x) => x.add(np.sqrt(np.absolute(p))),
    );
    const trainer = await trainerOf([linear(2, 2), root]);
    await expect(trainer.step()).rejects.toMatchObject({ layer: "gradient of root[1]" });
    await trainer.dispose();
  });
});

describe("check", () => {
  it("finds what the loss does not show", async () => {
    const layers = [
      plain("grow", (x) => np.exp(x.mul(100))),
      plain("shrink", (x) => np.reciprocal(x.add(1))),
    ];
    const unaware = await trainerOf(layers);
    expect(Number.isFinite((await unaware.step()).loss)).toBe(true);
    await unaware.dispose();
    const aware = await trainerOf(layers, true);
    const step = aware.step();
    await expect(step).rejects.toMatchObject({ code: "NOT_FINITE", step: 1, layer: "grow[0]" });
    await expect(step).rejects.toThrow(/^step 1: the first that is not finite is grow\[0\], at example/);
    await aware.dispose();
  });

  it("leaves every number as it is", async () => {
    const states = await Promise.all(
      [false, true].map(async (check) => {
        const trainer = await trainerOf([], check);
        while (trainer.taken < 3) await trainer.step();
        const state = await trainer.state();
        await trainer.dispose();
        return state;
      }),
    );
    expect(states[1]).toEqual(states[0]);
  });
});
