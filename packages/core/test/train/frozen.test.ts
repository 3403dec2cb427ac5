/** A frozen network learns its noise and its stochastic inverse, and computes what it was given, bit for bit. */
import { beforeAll, describe, expect, it } from "vitest";
import { jaxExecutor } from "../../src/executor/jax-executor.js";
import { flowify } from "../../src/flowify.js";
import { makeRng } from "../../src/math/rng.js";
import { FlowModel } from "../../src/model/model.js";
import type { Network } from "../../src/network/network.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { createTrainer } from "../../src/train/trainer.js";
import { hostLeaves } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

const rng = makeRng(8);
const weights = (out: number, n: number) => ({
  weight: Float32Array.from({ length: out * n }, () => rng.normal() / Math.sqrt(n)),
  bias: Float32Array.from({ length: out }, () => rng.normal() / 4),
});

const network: Network = {
  inShape: [1, 4, 4],
  layers: [
    { kind: "dequantize", levels: 16 },
    { kind: "affine", scale: Float32Array.of(4), shift: Float32Array.of(-2) },
    { kind: "conv2d", out: 2, kernel: 3, padding: 1, weights: weights(2, 9) },
    { kind: "relu" },
    { kind: "conv2d", out: 3, kernel: 2, stride: 2, weights: weights(3, 8) },
    { kind: "prelu", slope: 0.2 },
    { kind: "flatten" },
    { kind: "linear", out: 14, weights: weights(14, 12) },
    { kind: "clip", min: -1, max: 6 },
    { kind: "linear", out: 3, weights: weights(3, 14) },
  ],
};

const STEPS = 4;

/** Outputs in deterministic mode and all parameters, before and after some steps. */
async function trained(frozen: boolean) {
  const examples = Uint8Array.from({ length: 64 * 16 }, () => rng.integer(16));
  const made = flowify(network, { frozen, density: "gaussian", inverse: "local" });
  const executor = jaxExecutor();
  const data = { examples, count: 64 };
  const trainer = await createTrainer({
    flow: made,
    executor,
    data,
    steps: STEPS,
    batchSize: 32,
    learningRate: 1e-2,
  });
  const look = async () => {
    const params = await trainer.params();
    const model = new FlowModel(made, params, executor);
    const outputs = Array.from(await model.encode(examples, { mode: "deterministic" }));
    await model.dispose();
    return { outputs, params: hostLeaves(params).map(({ data }) => Array.from(data)) };
  };
  const before = await look();
  for (let step = 0; step < STEPS; step++) await trainer.step();
  const after = await look();
  await trainer.dispose();
  return { before, after };
}

describe("a network of given weights, trained", () => {
  it("frozen: its outputs stay to the last bit while its inverse learns", async () => {
    const { before, after } = await trained(true);
    expect(after.outputs).toEqual(before.outputs);
    expect(after.params).not.toEqual(before.params);
  });

  it("free: its outputs change", async () => {
    const { before, after } = await trained(false);
    expect(after.outputs).not.toEqual(before.outputs);
  });
});
