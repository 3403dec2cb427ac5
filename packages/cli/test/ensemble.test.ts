/** Members of an ensemble: side by side they are the same as one after another, in the same order. */
import { createHash } from "node:crypto";
import { couplingFlow, type Executor, type FlowModel } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { type EnsembleOptions, fitEnsemble } from "../src/ensemble.js";

const executor = await nativeExecutor({ threads: 2 });
const one = await nativeExecutor({ threads: 1 });
afterAll(async () => {
  for (const each of [executor, one]) await each.dispose();
});

const random = makeRng(3);
const data = Float32Array.from({ length: 400 }, () => random.normal());
const settings = { steps: 12, seed: 5, members: 3, batchSize: 32, validation: 0.2, validateEvery: 4 };
const make = () => couplingFlow(2, { blocks: 1, hidden: 8 });

async function trained(own: Executor, more: Partial<EnsembleOptions> = {}): Promise<FlowModel[]> {
  return fitEnsemble(make, data, { ...settings, executor: own, ...more });
}

/** Checksums of the parameters of each. */
async function sumsOf(models: readonly FlowModel[]): Promise<string[]> {
  const sums = models.map((model) => createHash("sha256").update(model.save()).digest("hex"));
  for (const model of models) await model.dispose();
  return sums;
}

describe("an ensemble", () => {
  it("has the same members bit for bit, side by side or one after another on one core", async () => {
    expect(await sumsOf(await trained(executor))).toEqual(await sumsOf(await trained(one)));
  });

  it("tells of its members in their order, and how far it is, up to all of it", async () => {
    const told: number[] = [];
    const shares: number[] = [];
    const models = await trained(executor, {
      steps: 40,
      // the first has the most to look at
      examplesOf: (member) => ({ data: member === 0 ? data : data.subarray(0, 100) }),
      onMember: async (_model, member) => void told.push(member),
      onProgress: (share) => shares.push(share),
    });
    expect(told).toEqual([0, 1, 2]);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    await sumsOf(models);
  });

  it("goes on from members that are there", async () => {
    const [first, ...others] = await trained(executor);
    const more = await trained(executor, { before: [first as FlowModel] });
    expect(more[0]).toBe(first);
    expect(await sumsOf(more.slice(1))).toEqual(await sumsOf(others));
    await first?.dispose();
  });

  it("ends all others where a member fails, with its error", async () => {
    const broken = data.map((value, i) => (i === 7 ? Number.NaN : value));
    let later = 0;
    const failing = trained(executor, {
      members: 6,
      examplesOf: (member) => ({ data: member === 1 ? broken : data }),
      onMember: async () => void later++,
    });
    await expect(failing).rejects.toThrow("example 3");
    expect(later).toBeLessThan(2);
  });

  it("keeps what there is when it is stopped", async () => {
    const signal = { aborted: false };
    const models = await trained(executor, {
      steps: 4000,
      members: 4,
      signal,
      onProgress: () => {
        signal.aborted = true;
      },
    });
    expect(models.length).toBeLessThanOrEqual(2);
    await sumsOf(models);
  });
});
