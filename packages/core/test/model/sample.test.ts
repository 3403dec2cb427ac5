import { describe, expect, it } from "vitest";
import { uniform } from "../../src/entries/layer.js";
import { FlowModel, flow, jaxExecutor } from "../../src/index.js";
import { linear } from "../../src/layers/linear.js";

describe("FlowModel.sample", () => {
  it("draws z in deterministic mode too, and takes the mean of the inverse", async () => {
    const model = await FlowModel.create(flow([linear(3, 1)]), jaxExecutor(), { seed: 2 });
    const once = await model.sampleFlat(8, { mode: "deterministic", seed: 4 });
    expect(await model.sampleFlat(8, { mode: "deterministic", seed: 4 })).toEqual(once);
    const rows = Array.from({ length: 8 }, (_, i) => once.subarray(3 * i, 3 * i + 3).join());
    expect(new Set(rows).size).toBe(8);
    const drawn = await model.sampleFlat(8, { seed: 4 });
    expect(drawn).not.toEqual(once);
    // the same latents: a reducing layer takes what it gave back to z, whatever was drawn
    const [kept, again] = [await model.encode(once), await model.encode(drawn)];
    kept.forEach((z, i) => {
      expect(again[i]).toBeCloseTo(z, 4);
    });
    await model.dispose();
  });
});

describe("FlowModel.sampleBlocks", () => {
  /** A flow that drops coordinates: its samples have noise of the latent and of each batch. */
  const open = (base = uniform([1])) =>
    FlowModel.create(flow([linear(3, 1)], base), jaxExecutor(), { seed: 2 });

  async function blocksOf(model: FlowModel, ...args: Parameters<FlowModel["sampleBlocks"]>) {
    const blocks: Float32Array[] = [];
    for await (const block of model.sampleBlocks(...args)) blocks.push(block);
    return blocks;
  }

  it("are the samples of one call, from any batch to any other", async () => {
    const model = await open();
    const options = { seed: 4, temperature: 0.5 };
    const whole = await model.sampleFlat(9000, options);
    const blocks = await blocksOf(model, 9000, options);
    expect(blocks.map(({ length }) => length / 3)).toEqual([4096, 4096, 808]);
    expect(blocks.flatMap((block) => [...block])).toEqual([...whole]);
    for (const [from, to] of [
      [256, 1024],
      [8704, 9000],
      [4352, 9000],
      [9000, 9000],
    ] as const) {
      const some = await blocksOf(model, 9000, { ...options, from, to });
      expect(some.flatMap((block) => [...block])).toEqual([...whole.subarray(3 * from, 3 * to)]);
    }
    await model.dispose();
  });

  it("refuses ranges that no batch ends", async () => {
    const model = await open();
    for (const [from, to] of [
      [100, 512],
      [256, 300],
      [512, 256],
      [0, 1024],
    ] as const)
      await expect(blocksOf(model, 600, { from, to })).rejects.toThrow("expected multiples of 256");
    await model.dispose();
  });
});
