import { describe, expect, it } from "vitest";
import { createTrainer, flowify, makeRng, wasmExecutor } from "../../src/index.js";
import { averageDecay } from "../../src/train/step.js";
import { treeFlatten } from "../../src/trees.js";

const rng = makeRng(5);
const items = Float32Array.from({ length: 128 }, () => rng.normal());
const flow = flowify({ inShape: [2], layers: [{ kind: "linear", out: 2 }, { kind: "leakyRelu" }] });
const run = (options: { learningRate: number; ema?: number; steps: number }) =>
  createTrainer({
    flow,
    executor: wasmExecutor(),
    data: { items, count: 64 },
    batchSize: 16,
    warmup: 1,
    ...options,
  });

describe("trainer", () => {
  it("gives no state with NaN or Infinity in it", async () => {
    const trainer = await run({ learningRate: 1e38, steps: 1 });
    await trainer.step(); // its own loss is that of the start values
    await expect(trainer.state()).rejects.toMatchObject({ code: "NOT_FINITE", step: 1 });
    await trainer.dispose();
  });

  it("keeps the state of before where a loss is not finite", async () => {
    const trainer = await run({ learningRate: 1e38, steps: 3 });
    await trainer.step();
    await expect(trainer.step()).rejects.toMatchObject({ code: "NOT_FINITE", step: 2 });
    expect(trainer.taken).toBe(1);
    await trainer.dispose();
  });

  it("does not leave start values in the weight average of a short run", async () => {
    expect([0, 8, 89, 100_000].map((t) => averageDecay(0.999, t))).toEqual([0.1, 0.5, 90 / 99, 0.999]);
    const plain = await run({ learningRate: 1e-2, steps: 40 });
    const averaged = await run({ learningRate: 1e-2, steps: 40, ema: 0.999 });
    const bias = async (trainer: typeof plain): Promise<number[]> => {
      while (trainer.taken < 40) await trainer.step();
      const { leaves } = treeFlatten(await trainer.params());
      await trainer.dispose();
      return leaves.flatMap(({ data }) => [...data]);
    };
    const start = await run({ learningRate: 1e-2, steps: 40 });
    const before = treeFlatten(await start.params()).leaves.flatMap(({ data }) => [...data]);
    await start.dispose();
    const [last, mean] = [await bias(plain), await bias(averaged)];
    const distance = (a: number[], b: number[]): number =>
      Math.hypot(...a.map((v, i) => v - (b[i] as number)));
    expect(distance(mean, last)).toBeLessThan(0.5 * distance(before, last));
  });
});
