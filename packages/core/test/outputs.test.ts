/** A function of any kind as a step: y = f(x) + a ε, and a flow of x given y. */
import { afterAll, describe, expect, it } from "vitest";
import { FlowModel, flowify, jaxExecutor, type Network } from "../src/index.js";
import { makeRng } from "../src/math/rng.js";
import { initParams } from "../src/train/init-params.js";
import { createTrainer } from "../src/train/trainer.js";

const executor = jaxExecutor();

/** Two bumps at ±1; f keeps on which side, and nothing else. */
const STD = 0.35;
const logDensity = (x: number): number => {
  const bump = (at: number): number => Math.exp(-0.5 * ((x - at) / STD) ** 2);
  return Math.log((0.5 * (bump(1) + bump(-1))) / (STD * Math.sqrt(2 * Math.PI)));
};
const f = (x: number): number => 3 + 2 * Math.sign(x);

const bumps = (count: number, seed: number): Float32Array => {
  const rng = makeRng(seed);
  return Float32Array.from({ length: count }, () => (rng.uniform() < 0.5 ? -1 : 1) + STD * rng.normal());
};
const data = bumps(1000, 3);
const outputsOf = (xs: Uint8Array | Float32Array): Float32Array => Float32Array.from(xs, f);
const conditionOf = async (xs: Uint8Array | Float32Array): Promise<Float32Array> => outputsOf(xs);

const network: Network = {
  inShape: [1],
  condition: { shape: [1] },
  outputs: { noise: 0.2, layers: [{ kind: "whiten" }, { kind: "rqSpline", bins: 8, bound: 3 }] },
  layers: [{ kind: "conditionalAffine", hidden: 8 }],
};
const flow = flowify(network);
const options = { executor, steps: 120, batchSize: 100, learningRate: 2e-2, seed: 7 };
const trainer = await createTrainer({ ...options, flow, data, condition: outputsOf(data) });
for (let step = 0; step < options.steps; step++) await trainer.step();
const model = new FlowModel(flow, await trainer.params(), executor, { conditionOf });
await trainer.dispose();
afterAll(() => model.dispose());

describe("a step of any function", () => {
  it("integrates to 1 over its noise, and the bound to less", async () => {
    const [step, count] = [0.05, 40];
    const grid = Float32Array.from({ length: 161 }, (_, i) => (i - 80) * step);
    const rows: Float64Array[] = [];
    for (let seed = 0; seed < count; seed++) rows.push(await model.logProb(grid, { seed }));
    let [mass, bound] = [0, 0];
    for (let i = 0; i < grid.length; i++) {
      const logs = rows.map((row) => row[i]!);
      mass += (step * logs.reduce((sum, log) => sum + Math.exp(log), 0)) / count;
      bound += step * Math.exp(logs.reduce((sum, log) => sum + log, 0) / count);
    }
    expect(mass).toBeGreaterThan(0.97);
    expect(mass).toBeLessThan(1.03);
    expect(bound).toBeLessThan(1);
    expect(bound).toBeGreaterThan(0.85);
  });

  it("stays below the density of the data on average, and comes close to it", async () => {
    const fresh = bumps(1000, 8);
    const truth = fresh.reduce((sum, x) => sum + logDensity(x), 0) / fresh.length;
    const { nats, ledger } = await model.evaluate(fresh);
    expect(nats).toBeLessThan(truth + 0.01);
    expect(nats).toBeGreaterThan(truth - 0.2);
    expect(ledger.map(({ layer }) => layer).slice(-3)).toEqual([
      "outputs",
      "noise of outputs",
      "standardNormal",
    ]);
    expect(ledger.slice(-3).map(({ likelihood }) => likelihood)).toEqual(["bound", "bound", "exact"]);
  });
});

describe("a flow with outputs", () => {
  it("draws outputs, and inputs for them; or inputs for given outputs", async () => {
    const free = await model.sampleFlat(1000, { seed: 1 });
    const right = free.filter((x) => x > 0).length / free.length;
    expect(right).toBeGreaterThan(0.4);
    expect(right).toBeLessThan(0.6);
    const wanted = await model.sampleFlat(500, { seed: 1, condition: [f(-1)] });
    expect(wanted.filter((x) => x < 0).length).toBeGreaterThan(490);
  });

  it("gives the same with conditions as with the function, in one call or in a stream", async () => {
    const some = data.subarray(0, 300);
    const whole = await model.logProb(some);
    expect(await model.logProb(some, { condition: outputsOf(some) })).toEqual(whole);
    const streamed: number[] = [];
    for await (const { logProb } of model.score([some.subarray(0, 100), some.subarray(100)]))
      streamed.push(...logProb);
    expect(streamed).toEqual([...whole]);
    const back = await model.reconstruct(some);
    back.forEach((x, i) => expect(x).toBeCloseTo(some[i]!, 3));
  });

  it("starts from the scales of outputs, whatever they are", async () => {
    const scaled = outputsOf(data).map((value) => 1e4 * value);
    const params = await initParams({ flow, executor, data, condition: scaled, seed: 7 });
    const started = new FlowModel(flow, params, executor);
    const { nats } = await started.evaluate(data, { condition: scaled });
    expect(nats).toBeGreaterThan(-3.5);
    await started.dispose();
  });

  it("says what is missing, and what it cannot do", async () => {
    const alone = await FlowModel.create(flow, executor);
    await expect(alone.logProb([[1]])).rejects.toThrow(
      "logProb: this density is that of a function's inputs, and its outputs are missing",
    );
    await expect(model.logProbGradient([[1]])).rejects.toThrow("without derivatives");
    await alone.dispose();
    expect(() => flowify({ ...network, outputs: { noise: 0, layers: [] } })).toThrow(
      "flowify: expected outputs: { noise: 0.1",
    );
    const { condition: _, ...without } = network;
    for (const other of [without, { ...network, condition: { classes: 3 } }])
      expect(() => flowify(other)).toThrow("flowify: outputs are a condition of numbers in a row");
  });
});
