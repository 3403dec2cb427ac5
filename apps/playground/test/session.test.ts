import { FlowModel, jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { expect, test } from "vitest";
import type { OpenRun } from "../src/run/open-run.js";
import { bestOf, type NewRun, newRun, type RunImages, startRun, trainFurther } from "../src/run/session.js";
import { trainedText } from "../src/ui/figures.js";

/** Stripes of a random height with some noise. */
function stripes(count: number, seed: number): Uint8Array {
  const rng = makeRng(seed);
  return Uint8Array.from(
    Array.from({ length: count }, () => {
      const at = Math.floor(4 * rng.uniform());
      return Array.from({ length: 16 }, (_, i) => (i >> 2 === at ? 200 : 20) + 30 * rng.uniform());
    }).flat(),
  );
}
const heldOut = stripes(64, 2);
const images: RunImages = { name: "stripes", shape: [1, 4, 4], train: stripes(96, 1), heldOut };
const options = { executor: jaxExecutor(), images, tell: () => {} };
const further = (run: OpenRun, steps: number) =>
  trainFurther(run, steps, { ...options, signal: new AbortController().signal });

/** A run at its initial values. */
async function begun(): Promise<OpenRun> {
  const layers = [{ kind: "dequantize" }, { kind: "flatten" }, { kind: "actnorm" }, { kind: "rqSpline" }];
  const run = await newRun(
    {
      network: "stripes",
      description: { inShape: [1, 4, 4], layers } as NonNullable<NewRun["description"]>,
      flow: { density: "mixture" },
      batchSize: 32,
      steps: 40,
      seed: 0,
    },
    images,
  );
  const session = await startRun(run, options);
  const start = await bestOf(session);
  await session.training.dispose();
  return start;
}
const at = (run: OpenRun, learningRate: number): OpenRun => ({
  ...run,
  config: { ...run.config, training: { ...run.config.training, learningRate, orthogonalRate: learningRate } },
});
async function bpd(run: OpenRun): Promise<number> {
  const model = await FlowModel.fromArrays(run.flow, run.state.arrays, jaxExecutor());
  const { bpd: found } = await model.evaluate(heldOut);
  await model.dispose();
  return found;
}

test("training that only makes held-out images less likely begins again with smaller rates, and is never kept", async () => {
  const start = await begun();
  const { session, trained } = await further(at(start, 3), 20);
  const run = await bestOf(session);
  expect(trained.learningRate).toBeLessThan(3);
  expect(trained.learningRate).toBe(run.config.training.learningRate);
  expect(await bpd(run)).toBeLessThan(await bpd(start));
  expect(run.metrics.at(-1)?.step).toBe(run.state.step);

  const hopeless = await further(at(start, 3000), 20);
  expect(hopeless.trained.best).toBe(0);
  expect((await bestOf(hopeless.session)).state.step).toBe(0);
  expect(trainedText(hopeless.trained)).toContain("the run is unchanged");
  await expect(further(at(start, 1e9), 20)).rejects.toThrow("A smaller learning rate may help");
});

test("training that helps keeps its rate and its last step", async () => {
  const start = await begun();
  const { session, trained } = await further(start, 12);
  expect(trained).toEqual({ taken: 12, best: 12, learningRate: start.config.training.learningRate });
  expect((await bestOf(session)).state.step).toBe(12);
  expect(trainedText(trained)).toBe("12 steps were taken, at a learning rate of 0.001.");
});
