import { expect, it } from "vitest";
import { createTrainer, flowify, jaxExecutor } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { bufferCounter } from "../../src/testing/live-buffers.js";

it("training keeps as many buffers after every step, and none at its end", async () => {
  const flow = flowify({ inShape: [4], layers: [{ kind: "linear", out: 3 }, { kind: "rqSpline" }] });
  const rng = makeRng(1);
  const examples = Float32Array.from({ length: 64 * 4 }, () => rng.normal());
  const liveBuffers = await bufferCounter();
  const train = async (): Promise<number[]> => {
    const trainer = await createTrainer({
      flow,
      executor: jaxExecutor(),
      data: { examples, count: 64 },
      steps: 12,
      batchSize: 16,
    });
    const alive: number[] = [];
    while (trainer.taken < 12) {
      await trainer.step();
      alive.push(liveBuffers());
    }
    await trainer.dispose();
    return alive;
  };
  await train(); // what is kept for the whole process is made here
  const before = liveBuffers();
  const alive = await train();
  expect(alive[0]).toBeGreaterThan(before);
  expect(new Set(alive.slice(1)).size).toBe(1); // the first step has no results to write over
  expect(liveBuffers()).toBe(before);
});
