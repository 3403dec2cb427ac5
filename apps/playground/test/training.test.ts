import { DeviceError, type Executor, flowify, jaxExecutor } from "@flowify/core";
import * as v from "valibot";
import { expect, test } from "vitest";
import { planeConfig } from "../src/tabs/plane/config.js";
import { planeData } from "../src/tabs/plane/data.js";
import { type PlaneView, planeViewer } from "../src/tabs/plane/viewer.js";
import { type Kept, startTraining, type Training, type TrainingEvent } from "../src/worker/training.js";
import { trainingSession } from "../src/worker/training-session.js";
import { mean } from "./as-in-node.js";

const { train, heldOut } = planeData(v.parse(planeConfig, {}));
const flow = flowify({
  inShape: [2],
  layers: [{ kind: "linear", out: 2 }, { kind: "leakyRelu" }, { kind: "linear", out: 2 }],
});

/** Computes until `lose` is called; from then on everything fails, as on a GPU that was unplugged. */
function losable(): { executor: Executor; lose: () => void } {
  let lost = false;
  const inner = jaxExecutor();
  const check = (): void => {
    if (lost) throw new DeviceError("webgpu: the device was lost (unplugged)");
  };
  const executor: Executor = {
    ...inner,
    name: "webgpu",
    async compile(...args) {
      check();
      const compiled = await inner.compile(...args);
      return {
        ...compiled,
        run: async (...of) => {
          check();
          return compiled.run(...of);
        },
      };
    },
    fetch: async (tree) => {
      check();
      return inner.fetch(tree);
    },
  };
  return {
    executor,
    lose: () => {
      lost = true;
    },
  };
}

const open = (executor: Executor, more: Partial<{ learningRate: number; steps: number; kept: Kept }> = {}) =>
  startTraining({
    flow,
    data: train,
    executor,
    steps: 20,
    batchSize: 64,
    learningRate: 0.01,
    seed: 3,
    heldOut,
    viewer: planeViewer(flow, heldOut, 3),
    ...more,
  });

const options = (told: string[]) => ({
  viewEvery: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  emit: (event: TrainingEvent<PlaneView>) => {
    if (event.kind === "fallback") told.push(event.why);
  },
});

test("training goes on in Wasm where the device is lost, from the state of the last view", async () => {
  const { executor, lose } = losable();
  const training = await open(executor);
  const told: string[] = [];
  await training.run({ ...options(told), steps: 10 });
  expect(training.device).toBe("WebGPU");
  lose();
  expect(await training.run(options(told))).toEqual({ taken: 20, finished: true });
  expect(told).toEqual(["webgpu: the device was lost (unplugged)"]);
  expect(training.device).toBe("Wasm");

  const unbroken = await open(jaxExecutor());
  await unbroken.run(options([]));
  expect((await training.view()).logProb).toBeCloseTo((await unbroken.view()).logProb, 5);
  await training.dispose();
  await unbroken.dispose();
});

test("a run that is cancelled keeps what it has", async () => {
  const training = await open(jaxExecutor());
  const abort = new AbortController();
  const steps: number[] = [];
  const result = await training.run({
    ...options([]),
    viewEvery: 0,
    signal: abort.signal,
    emit: (event) => {
      if (event.kind !== "view") return;
      steps.push(event.view.step);
      abort.abort();
    },
  });
  expect(result.finished).toBe(false);
  expect(training.taken).toBe(result.taken);
  expect(steps.at(-1)).toBe(result.taken);
  await training.dispose();
});

test("a training that another takes the place of ends its run first", async () => {
  const session = trainingSession<PlaneView, { training: Training<PlaneView> }>(Number.POSITIVE_INFINITY);
  const next = (steps: number) =>
    session.open(
      async (last) => last?.training.kept(),
      async (kept) => ({ training: await open(jaxExecutor(), { steps, ...(kept && { kept }) }) }),
    );
  await next(1000);
  let replaced: Promise<unknown> | undefined;
  const { signal } = options([]);
  const context = { signal, transfer: () => {}, emit: () => {} };
  const emit = (): void => {
    replaced ??= next(20);
  };
  const ended = await session.train({}, { ...context, emit });
  expect(ended.finished).toBe(false);
  await replaced;
  expect(await session.train({}, context)).toEqual({ taken: 20, finished: true });
  await (await session.opened()).training.dispose();
});

test("what a run shows, saves and goes on from is never worse on held-out points than its start", async () => {
  const training = await open(jaxExecutor(), { learningRate: 1, steps: 30 });
  const measured: (readonly [number, number])[] = [];
  const shown: number[] = [];
  await training.run({
    ...options([]),
    steps: 12, // where the steps are still large
    emit: (event) => {
      if (event.kind === "heldOut") measured.push([event.step, event.logProb]);
      if (event.kind === "view") shown.push(event.view.logProb);
    },
  });
  expect(measured[0]?.[0]).toBe(0);
  expect(measured.at(-1)?.[0]).toBe(12);
  const values = measured.map(([, logProb]) => logProb);
  const best = Math.max(...values);
  expect(values.at(-1)).toBeLessThan(best - 0.01);
  expect(shown.at(-1)).toBeCloseTo(best, 5);
  const { state } = await training.best();
  expect(state.step).toBe(measured.find(([, logProb]) => logProb === best)?.[0]);
  const ofModel = await training.withModel((model) => model.logProb(heldOut));
  expect(mean(ofModel)).toBeCloseTo(best, 4);

  const kept = await training.kept();
  await training.dispose();
  expect(kept.state.step).toBe(12);
  const further = await open(jaxExecutor(), { learningRate: 1, steps: 14, kept });
  await further.run(options([]));
  expect((await further.view()).logProb).toBeGreaterThanOrEqual(best - 1e-5);
  await further.dispose();
});
