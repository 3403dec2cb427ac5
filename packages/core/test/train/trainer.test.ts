import { describe, expect, it } from "vitest";
import { initParams } from "../../src/entries/layer.js";
import {
  createTrainer,
  flowify,
  jaxExecutor,
  NotFiniteError,
  type TrainingState,
  type TrainOptions,
} from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { treeFlatten } from "../../src/params/pytree.js";
import { averageDecay } from "../../src/train/step.js";

const rng = makeRng(5);
const examples = Float32Array.from({ length: 128 }, () => rng.normal());
const flow = flowify({ inShape: [2], layers: [{ kind: "linear", out: 2 }, { kind: "leakyRelu" }] });
const run = (
  options: { learningRate: number; ema?: number; steps: number; state?: TrainingState } & Pick<
    TrainOptions,
    "start"
  >,
) =>
  createTrainer({
    flow,
    executor: jaxExecutor(),
    data: { examples, count: 64 },
    batchSize: 16,
    warmup: 1,
    ...options,
  });

describe("trainer", () => {
  it("gives no state with NaN or Infinity in it", async () => {
    const trainer = await run({ learningRate: 1e38, steps: 1 });
    await trainer.step(); // its own loss is that of the initial values
    await expect(trainer.state()).rejects.toMatchObject({ code: "NOT_FINITE", step: 1 });
    await trainer.dispose();
  });

  it("begins with given initial values, asked for when everything is compiled; or with those from the data where there are none", async () => {
    const { learningRate, steps } = { learningRate: 1e-2, steps: 2 };
    const usual = await run({ learningRate, steps });
    const others = await initParams({
      flow,
      executor: jaxExecutor(),
      data: [
        [0, 9],
        [4, 1],
        [2, 3],
      ],
      seed: 3,
    });
    const given = await run({ learningRate, steps, start: async () => others });
    const none = await run({ learningRate, steps, start: async () => undefined });
    expect(await given.params()).toEqual(others);
    expect(await none.params()).toEqual(await usual.params());
    expect(await given.params()).not.toEqual(await usual.params());
    expect(await none.step()).toEqual(await usual.step());
    for (const trainer of [usual, given, none]) await trainer.dispose();
  });

  it("keeps the state of before where a loss is not finite", async () => {
    const trainer = await run({ learningRate: 1e38, steps: 3 });
    await trainer.step();
    await expect(trainer.step()).rejects.toMatchObject({ code: "NOT_FINITE", step: 2 });
    expect(trainer.taken).toBe(1);
    await trainer.dispose();
  });

  it("finds the step size that does best in the first steps, and is as before: the run of that size, bit for bit", async () => {
    const trainer = await run({ learningRate: 1, steps: 500 });
    // 1e38 gives what is not finite, 3 jumps about, 1e-6 stands still
    expect(await trainer.findRate([1e38, 3, 3e-2, 1e-6])).toBe(3e-2);
    expect(trainer.taken).toBe(0);
    const named = await run({ learningRate: 3e-2, steps: 500 });
    for (let i = 0; i < 3; i++) expect(await trainer.step()).toEqual(await named.step());
    expect(await trainer.state()).toEqual(await named.state());
    await expect(trainer.findRate([1e38])).rejects.toMatchObject({ code: "NOT_FINITE" });
    await trainer.dispose();
    await named.dispose();
  });

  it("goes back to an earlier state and takes shorter steps from there, three times at most", async () => {
    const trainer = await run({ learningRate: 1e-2, steps: 500 });
    for (let i = 0; i < 3; i++) await trainer.step();
    const early = await trainer.state();
    const usual = await trainer.step();
    await trainer.step();
    const failure = new NotFiniteError(6, "linear[0]", "step 6: the loss is NaN");
    const [first] = await trainer.rollBack(early, failure);
    expect(first).toEqual({ failed: 6, layer: "linear[0]", to: 3, until: 106 });
    expect(trainer.taken).toBe(3);
    const again = await trainer.step();
    expect(again.loss).toBe(usual.loss);
    expect(again.lr).toBeCloseTo(usual.lr / 10, 12);
    // what was rolled back is part of the state: a run that goes on from it does the same
    const resumed = await run({ learningRate: 1e-2, steps: 500, state: await trainer.state() });
    expect(await resumed.step()).toEqual(await trainer.step());
    expect(await resumed.state()).toEqual(await trainer.state());
    await resumed.dispose();
    await trainer.rollBack(early, failure);
    await trainer.rollBack(early, failure);
    expect((await trainer.step()).lr).toBeCloseTo(usual.lr / 1000, 12);
    await expect(trainer.rollBack(early, failure)).rejects.toThrow(
      "3 returns to earlier states with shorter steps did not help",
    );
    // beyond step 106 none of them is in force any more
    await trainer.rollBack(early, new NotFiniteError(107, "linear[0]", "step 107: the loss is NaN"));
    await trainer.dispose();
  });

  it("does not leave initial values in the weight average of a short run", async () => {
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
