/** What is too large for the machine is refused before anything large is made. */
import { createTrainer, type Executor, FlowModel, flowify, jaxExecutor, MemoryError } from "@flowify/core";
import { describe, expect, it, vi } from "vitest";

const GiB = 2 ** 30;
const executorWith = (memory: number): Executor => ({ ...jaxExecutor(), memory: () => memory });
const dense = (out: number) =>
  flowify({ inShape: [8], layers: [{ kind: "linear", out }, { kind: "rqSpline" }] }, { density: "gaussian" });

async function refusal(work: () => Promise<unknown>): Promise<MemoryError> {
  const began = performance.now();
  const { rss } = process.memoryUsage();
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MemoryError);
  expect(performance.now() - began).toBeLessThan(2000);
  expect(process.memoryUsage().rss - rss).toBeLessThan(GiB / 4);
  return error as MemoryError;
}

describe("a network that does not fit", () => {
  const train = (out: number, executor: Executor) =>
    createTrainer({
      flow: dense(out),
      executor,
      data: { examples: new Float32Array(64 * 8).fill(0.5), count: 64 },
      steps: 1,
      batchSize: 32,
    });

  it("is refused with its largest layer and the size that fits, before its initial values are drawn", async () => {
    const { message, bytes, available } = await refusal(() => train(20_000, executorWith(8 * GiB)));
    expect(message).toMatch(
      /^a network of 400,\d{3},\d{3} parameters needs about 10\.\d GiB of memory, 8\.00 GiB are available\nlinear\[0\] has 400,\d{3},\d{3} of them; 306,783,378 fit in total$/,
    );
    expect([bytes > available, available]).toEqual([true, 8 * GiB]);
    await refusal(() => FlowModel.create(dense(20_000), executorWith(4 * GiB)));
  });

  it("also for what jax-js reaches, whatever the machine has", async () => {
    const { message, available } = await refusal(() => train(40_000, executorWith(1000 * GiB)));
    expect(message).toContain(
      "parameters, in the memory of jax-js, needs about 17.9 GiB of memory, 4.00 GiB",
    );
    expect(available).toBe(4 * GiB);
  });

  it("is no obstacle where it fits", async () => {
    const trainer = await train(16, executorWith(GiB));
    expect(Number.isFinite((await trainer.step()).loss)).toBe(true);
    await trainer.dispose();
  });
});

describe("samples that do not fit", () => {
  it("are refused before the first is drawn, with how many fit", async () => {
    const executor = executorWith(GiB);
    const model = await FlowModel.create(dense(4), executor);
    const compile = vi.spyOn(executor, "compile");
    const { message } = await refusal(() => model.sampleFlat(1e9));
    expect(message).toMatch(
      /^drawing 1000000000 samples needs about [\d.]+ GiB of memory, .* are available\n[\d,]+ fit$/,
    );
    expect((await refusal(() => model.sampleFlat(2e7))).message).toContain("\n16,777,216 fit");
    expect(compile).not.toHaveBeenCalled();
    await model.dispose();
  });
});
