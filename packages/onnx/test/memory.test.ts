import { createTrainer, flowify, MemoryError } from "@flowify/core";
import { ArraySpec } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { expect, it } from "vitest";
import { nativeExecutor } from "../src/index.js";

const flow = flowify({ inShape: [1, 8, 8], layers: [{ kind: "conv2d", out: 6, kernel: 3, stride: 1 }] });
const rng = makeRng(1);
const data = { examples: Float32Array.from({ length: 512 * 64 }, () => rng.normal()), count: 512 };

const trainer = async (batchSize: number, memory: number) =>
  createTrainer({ flow, data, steps: 2, batchSize, executor: await nativeExecutor({ threads: 1, memory }) });

it("refuses a step that needs more memory than there is, and names a batch that fits", async () => {
  const memory = 8e6;
  const refused = await trainer(512, memory).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(MemoryError);
  const { message, bytes, available } = refused as MemoryError;
  expect(bytes).toBeGreaterThan(memory);
  expect(available).toBe(memory);
  expect(message).toMatch(
    /^a step of 512 examples needs about [\d.]+ GiB of memory, 0.00745 GiB are available\na batch of \d+ fits$/,
  );
  const batch = Number(/batch of (\d+)/.exec(message)?.[1]);
  await expect(trainer(2 * batch, memory)).rejects.toThrow(MemoryError);
  const fitting = await trainer(batch, memory);
  expect(Number.isFinite((await fitting.step()).loss)).toBe(true);
  await fitting.dispose();
});

it("says where not even one example fits", async () => {
  await expect(trainer(64, 1000)).rejects.toThrow("not even a batch of 1 fits");
});

it("counts what goes between threads: arguments and results of two runs", async () => {
  const executor = await nativeExecutor({ threads: 2, memory: 1 });
  const needed = async (workers: number): Promise<number> => {
    const f = (x: np.Array): np.Array => np.matmul(x.ref, x);
    const specs = [new ArraySpec([64, 64], np.float32)];
    const failure = await executor.compile(f, specs, { workers }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MemoryError);
    return (failure as MemoryError).bytes;
  };
  expect((await needed(2)) - 2 * (await needed(1))).toBe(2 * (4 * 64 ** 2 + 4 * 64 ** 2));
  await executor.dispose();
});
