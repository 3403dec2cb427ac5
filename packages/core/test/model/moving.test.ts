import { expect, it } from "vitest";
import { initParams } from "../../src/entries/layer.js";
import { FlowModel, flow, jaxExecutor } from "../../src/index.js";
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

it("refuses other parameters where they are parts of programs", async () => {
  const model = new FlowModel(made, await paramsOf(1), executor);
  await expect(model.moveTo(await paramsOf(2))).rejects.toThrow("make it with `moving` to replace them");
  await model.dispose();
});
