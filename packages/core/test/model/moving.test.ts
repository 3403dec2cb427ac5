import { expect, it } from "vitest";
import { initParams } from "../../src/entries/layer.js";
import { FlowModel, flow, jaxExecutor } from "../../src/index.js";
import { gaussianMixture } from "../../src/layers/gaussian-mixture.js";
import { linear } from "../../src/layers/linear.js";
import { rqSpline } from "../../src/layers/rq-spline.js";

const made = flow([linear(3, 2), rqSpline([2])]);
const executor = jaxExecutor();
const rows = Array.from({ length: 64 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i) ** 2]);
const paramsOf = (seed: number) => initParams({ flow: made, executor, data: rows, init: "random", seed });

it("samples and scores by the parameters that it has moved to, in batches of every size", async () => {
  const moving = new FlowModel(made, await paramsOf(1), executor, { moving: true });
  for (const count of [5, 300]) await moving.sample(count);
  await moving.logProb(rows);
  const next = await paramsOf(2);
  await moving.moveTo(next);
  const fresh = new FlowModel(made, next, executor);
  for (const count of [5, 300]) expect(await moving.sample(count)).toEqual(await fresh.sample(count));
  expect(await moving.logProb(rows)).toEqual(await fresh.logProb(rows));
  await moving.dispose();
  await fresh.dispose();
});

it("compiles ahead of its parameters what it samples and evaluates", async () => {
  const names: string[] = [];
  const watched: typeof executor = {
    ...executor,
    compile(f, specs, options) {
      names.push(`${options?.name} of ${JSON.stringify((specs[1] as { shape: unknown }).shape)}`);
      return executor.compile(f, specs, options);
    },
  };
  const ahead = await FlowModel.ahead(made, watched, { sample: 5, evaluate: [300] });
  expect(names).toEqual(["sample of [8,2]", "ledger of [256,3]"]);
  const params = await paramsOf(1);
  await ahead.moveTo(params);
  const fresh = new FlowModel(made, params, executor);
  expect(await ahead.sample(5)).toEqual(await fresh.sample(5));
  const many = Array.from({ length: 300 }, (_, i) => rows[i % 64] as number[]);
  expect(await ahead.evaluate(many)).toEqual(await fresh.evaluate(many));
  expect(names).toHaveLength(2);
  await ahead.dispose();
  await fresh.dispose();
});

it("reconstructs from what a mixture at the end sees", async () => {
  const ended = flow([linear(3, 2), gaussianMixture([2], { components: 2 })]);
  const startOf = (seed: number) => initParams({ flow: ended, executor, data: rows, seed });
  const moving = new FlowModel(ended, await startOf(1), executor, { moving: true });
  for (const seed of [1, 2]) {
    const params = await startOf(seed);
    await moving.moveTo(params);
    const front = new FlowModel(flow([linear(3, 2)]), (params as (typeof params)[]).slice(0, 1), executor);
    const wanted = await front.reconstruct(rows, { mode: "deterministic" });
    expect(await moving.reconstruct(rows, { mode: "deterministic" })).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(rows.length); // not one vector for all
    await front.dispose();
  }
  await moving.dispose();
});

it("refuses other parameters where they are parts of programs", async () => {
  const model = new FlowModel(made, await paramsOf(1), executor);
  await expect(model.moveTo(await paramsOf(2))).rejects.toThrow("make it with `moving` to replace them");
  await model.dispose();
});
