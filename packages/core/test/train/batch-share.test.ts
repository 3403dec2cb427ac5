import { describe, expect, it } from "vitest";
import { createTrainer, type Executor, flowify, jaxExecutor, type Trainer } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import type { BatchShare } from "../../src/train/batch-share.js";
import { batchesOf } from "../../src/train/data.js";
import { exampleReader } from "../../src/train/source.js";

const rng = makeRng(5);
const data = { examples: Uint8Array.from({ length: 60 * 16 }, () => 256 * rng.uniform()), count: 60 };
const flow = flowify({
  inShape: [1, 4, 4],
  layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 4 }, { kind: "leakyRelu" }],
});

/** A meeting of so many processes in one: the last to come adds all arrays up, in order, for everybody. */
function meeting(of: number) {
  let waiting: { part: number; arrays: readonly Float32Array[]; go: () => void }[] = [];
  const compared: { part: number; step: number; values: number[] }[] = [];
  const share = (part: number): BatchShare => ({
    part,
    of,
    sum: (arrays) =>
      new Promise((resolve) => {
        waiting.push({ part, arrays, go: resolve });
        if (waiting.length < of) return;
        const all = waiting.sort((a, b) => a.part - b.part);
        waiting = [];
        arrays.forEach((_, k) => {
          const own = all.map(({ arrays }) => arrays[k] as Float32Array);
          const sums = (own[0] as Float32Array).map((_, i) =>
            own.reduce((sum, array) => sum + (array[i] as number), 0),
          );
          for (const array of own) array.set(sums);
        });
        for (const { go } of all) go();
      }),
    async compare(parameters, step) {
      compared.push({ part, step, values: [...parameters.values()].flatMap((array) => [...array]) });
    },
  });
  return { share, compared };
}

const start = (share?: BatchShare, executor: Executor = jaxExecutor()): Promise<Trainer> =>
  createTrainer({
    flow,
    executor,
    data,
    batchSize: 10,
    steps: 200,
    seed: 3,
    augment: "flip",
    ...(share && { share }),
  });

const steps = async (trainer: Trainer, count: number) => {
  const losses: number[] = [];
  while (losses.length < count) losses.push((await trainer.step()).loss);
  return losses;
};

describe("a batch that several processes share", () => {
  it.each([2, 3])(
    "has the same losses as one process, to rounding, and the same bits in all of %i",
    async (of) => {
      const { share } = meeting(of);
      const alone = await start();
      const all = await Promise.all(Array.from({ length: of }, (_, part) => start(share(part))));
      const expected = await steps(alone, 8);
      const found = await Promise.all(all.map((trainer) => steps(trainer, 8)));
      for (const [i, loss] of expected.entries())
        expect(Math.abs((found[0]?.[i] ?? 0) - loss)).toBeLessThan(1e-4);
      const states = await Promise.all(all.map((trainer) => trainer.state()));
      for (const [part, state] of states.entries()) {
        expect(found[part]).toEqual(found[0]);
        expect(state).toEqual(states[0]);
      }
      for (const trainer of [alone, ...all]) await trainer.dispose();
    },
  );

  it("compares all parameters every 100 steps", async () => {
    const { share, compared } = meeting(2);
    const all = await Promise.all([start(share(0)), start(share(1))]);
    await Promise.all(all.map((trainer) => steps(trainer, 101)));
    expect(compared.map(({ part, step }) => [part, step])).toEqual([
      [0, 100],
      [1, 100],
    ]);
    expect(compared[0]?.values.length).toBeGreaterThan(64);
    expect(compared[1]?.values).toEqual(compared[0]?.values);
    for (const trainer of all) await trainer.dispose();
  });

  it("finds what is not finite, and says the same, in all processes", async () => {
    const { share } = meeting(2);
    const all = await Promise.all(
      [0, 1].map((part) =>
        createTrainer({
          flow,
          executor: jaxExecutor(),
          data,
          batchSize: 10,
          steps: 3,
          learningRate: 1e38,
          warmup: 1,
          share: share(part),
        }),
      ),
    );
    await Promise.all(all.map((trainer) => trainer.step()));
    const ends = await Promise.allSettled(all.map((trainer) => trainer.step()));
    const messages = ends.map((end) => end.status === "rejected" && String(end.reason));
    expect(messages[0]).toContain("step 2");
    expect(messages[1]).toBe(messages[0]);
    for (const trainer of all) await trainer.dispose();
  });

  it("needs an example for each process", async () => {
    const { share } = meeting(11);
    await expect(start(share(10))).rejects.toMatchObject({
      code: "USAGE",
      message: "a batch of 10 has no example for each of 11 processes",
    });
  });

  it("is read and flipped in parts as in one", async () => {
    const batches = batchesOf(exampleReader(data, flow.domain), flow.domain, {
      batchSize: 10,
      seed: 1,
      augment: "flip",
    });
    const whole = (await batches(7)).data;
    const parts = [await batches(7, { from: 0, to: 3 }), await batches(7, { from: 3, to: 10 })];
    expect(parts.flatMap(({ data }) => [...data])).toEqual([...whole]);
  });
});
