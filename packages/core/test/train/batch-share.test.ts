import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { createTrainer, flowify, jaxExecutor, type Trainer, type TrainOptions } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { NO_ROW } from "../../src/nested-numbers.js";
import type { BatchShare } from "../../src/train/batch-share.js";
import { batchesOf } from "../../src/train/data.js";
import { exampleReader } from "../../src/train/source.js";

const rng = makeRng(5);
const data = { examples: Uint8Array.from({ length: 60 * 16 }, () => 256 * rng.uniform()), count: 60 };
const flow = flowify({
  inShape: [1, 4, 4],
  layers: [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "linear", out: 4 }, { kind: "leakyRelu" }],
});

const layers = [
  { kind: "dequantize" },
  { kind: "squeeze" },
  { kind: "coupling", stack: 2, hidden: 8 },
] as const;

/** Rows of two numbers. */
const rows = flowify({ inShape: [2], layers: [{ kind: "linear", out: 2 }] });

/** A meeting of so many processes in one: the last to come does what all have come for. */
function meeting(of: number) {
  type Coming = { part: number; arrays: readonly Float32Array[]; go: () => void };
  let waiting: Coming[] = [];
  const compared: { part: number; step: number; values: number[] }[] = [];
  const meet = (part: number, arrays: readonly Float32Array[], work: (all: Float32Array[][]) => void) =>
    new Promise<void>((resolve) => {
      waiting.push({ part, arrays, go: resolve });
      if (waiting.length < of) return;
      const all = waiting.sort((a, b) => a.part - b.part);
      waiting = [];
      work(arrays.map((_, k) => all.map(({ arrays }) => arrays[k] as Float32Array)));
      for (const { go } of all) go();
    });
  const share = (part: number): BatchShare => ({
    part,
    of,
    sumTo: (arrays, owners) =>
      meet(part, arrays, (all) => {
        for (const [k, each] of all.entries()) {
          const sums = (each[0] as Float32Array).map((_, i) =>
            each.reduce((sum, array) => sum + (array[i] as number), 0),
          );
          each[owners[k] as number]?.set(sums);
        }
      }),
    spread: (arrays, owners) =>
      meet(part, arrays, (all) => {
        for (const [k, each] of all.entries())
          for (const array of each) array.set(each[owners[k] as number] as Float32Array);
      }),
    async compare(parameters, step) {
      compared.push({ part, step, values: [...parameters.values()].flatMap((array) => [...array]) });
    },
  });
  return { share, compared };
}

const options = { flow, data, batchSize: 10, steps: 200, seed: 3, init: "random", augment: "flip" } as const;
const start = (share?: BatchShare, other: Partial<TrainOptions> = {}): Promise<Trainer> =>
  createTrainer({ ...options, executor: jaxExecutor(), ...(share && { share }), ...other });

const steps = async (trainer: Trainer, count: number) => {
  const losses: number[] = [];
  while (losses.length < count) losses.push((await trainer.step()).loss);
  return losses;
};

/** Takes steps with one process and with several: how far the losses are apart, and whether all of several have the same bits. */
async function compare(of: number, taken: number, other: () => Partial<TrainOptions> = () => ({})) {
  const { share } = meeting(of);
  const alone = await start(undefined, other());
  const all = await Promise.all(Array.from({ length: of }, (_, part) => start(share(part), other())));
  const expected = await steps(alone, taken);
  const found = await Promise.all(all.map((trainer) => steps(trainer, taken)));
  const states = await Promise.all(all.map((trainer) => trainer.state()));
  for (const trainer of [alone, ...all]) await trainer.dispose();
  const sameBits = states.every((state, part) =>
    isDeepStrictEqual([state, found[part]], [states[0], found[0]]),
  );
  return {
    farthest: Math.max(...expected.map((loss, i) => Math.abs((found[0]?.[i] ?? 0) - loss))),
    sameBits,
  };
}

describe("a batch that several processes share", () => {
  it("has the same losses as one process, to rounding, and the same bits in all of three", async () => {
    const { farthest, sameBits } = await compare(3, 4);
    expect(farthest).toBeLessThan(1e-4);
    expect(sameBits).toBe(true);
  });

  it("adds up the workers of each process as well", async () => {
    const { farthest, sameBits } = await compare(2, 2, () => ({
      executor: { ...jaxExecutor(), workers: 2 },
      data: { examples: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * i)), count: 128 },
      flow: rows,
      augment: "none",
      batchSize: 128,
    }));
    expect(farthest).toBeLessThan(1e-4);
    expect(sameBits).toBe(true);
  });

  it("adds up with a condition, of any number of rows, as with workers", async () => {
    const normal = (length: number) => Float32Array.from({ length }, () => rng.normal());
    const [y, c] = [normal(128), normal(64 * 3)];
    for (let i = 0; i < 64; i++) {
      y[2 * i]! += 3 * c[3 * i]!;
      c.fill(NO_ROW, 3 * i + 1 + (i % 3), 3 * i + 3);
    }
    const given = (conditions: Float32Array) => ({
      executor: { ...jaxExecutor(), workers: 2 },
      flow: flowify({
        inShape: [2],
        condition: { shape: [3, 1], fewerRows: true },
        embedding: { hidden: 8, out: 3 },
        layers: [{ kind: "marginal", bins: 3, conditional: true, hidden: 8 }],
        base: { conditional: true, hidden: 8 },
      }),
      data: { examples: y, count: 64 },
      condition: { examples: conditions, count: 64 },
      augment: "none" as const,
      batchSize: 64,
      learningRate: 0.03,
      warmup: 1,
    });
    const { farthest, sameBits } = await compare(2, 4, () => given(c));
    expect(farthest).toBeLessThan(1e-4);
    expect(sameBits).toBe(true);
    // those of others would have been noticed
    const shifted = c.map((_, i) => c[(i + 3) % c.length]!);
    const [own, others] = [await start(undefined, given(c)), await start(undefined, given(shifted))];
    const [last = 0, other = 0] = [await steps(own, 4), await steps(others, 4)].map((losses) => losses[3]);
    expect(Math.abs(last - other)).toBeGreaterThan(2e-3);
    for (const trainer of [own, others]) await trainer.dispose();
  });

  it("moves kernels by Muon, each in the process that owns it", async () => {
    const other = () => ({ optimizer: "muon", flow: flowify({ inShape: [1, 4, 4], layers }) }) as const;
    const [muon, adam] = [await start(undefined, other()), await start(undefined, { flow: other().flow })];
    expect(await steps(muon, 4)).not.toEqual(await steps(adam, 4));
    for (const trainer of [muon, adam]) await trainer.dispose();
    const { farthest, sameBits } = await compare(3, 4, other);
    expect(farthest).toBeLessThan(1e-4);
    expect(sameBits).toBe(true);
  });

  it("compares all parameters every 100 steps", async () => {
    const { share, compared } = meeting(2);
    const table = { examples: Float32Array.from({ length: 8 }, () => rng.normal()), count: 4 };
    const other = { flow: rows, data: table, batchSize: 2, augment: "none" } as const;
    const all = await Promise.all([start(share(0), other), start(share(1), other)]);
    await Promise.all(all.map((trainer) => steps(trainer, 101)));
    expect(compared.map(({ part, step }) => [part, step])).toEqual([
      [0, 100],
      [1, 100],
    ]);
    expect(compared[0]?.values.length).toBe(12);
    expect(compared[1]?.values).toEqual(compared[0]?.values);
    for (const trainer of all) await trainer.dispose();
  });

  it("finds what is not finite, and says the same, in all processes", async () => {
    const { share } = meeting(2);
    const far = { learningRate: 1e38, warmup: 1, steps: 3 };
    const all = await Promise.all([start(share(0), far), start(share(1), far)]);
    await Promise.all(all.map((trainer) => trainer.step()));
    const ends = await Promise.allSettled(all.map((trainer) => trainer.step()));
    const messages = ends.map((end) => end.status === "rejected" && String(end.reason));
    expect(messages[0]).toContain("step 2");
    expect(messages[1]).toBe(messages[0]);
    for (const trainer of all) await trainer.dispose();
  });

  it("has the bits of a run that did not stop where it goes on from its state", async () => {
    const { share } = meeting(2);
    const both = (other: Partial<TrainOptions> = {}) =>
      Promise.all([0, 1].map((part) => start(share(part), other)));
    const [whole, first] = [await both(), await both()];
    const take = (trainers: Trainer[], count: number) =>
      Promise.all(trainers.map((trainer) => steps(trainer, count)));
    const states = (trainers: Trainer[]) => Promise.all(trainers.map((trainer) => trainer.state()));
    const losses = (await take(whole, 6))[0]?.slice(3);
    await take(first, 3);
    const [middle] = await states(first);
    const rest = await both({ state: middle! });
    expect((await take(rest, 3))[0]).toEqual(losses);
    expect(isDeepStrictEqual(await states(rest), await states(whole))).toBe(true);
    for (const trainer of [...whole, ...first, ...rest]) await trainer.dispose();
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
