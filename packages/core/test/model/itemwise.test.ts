/** Programs whose results are sums over an example may be compiled so; those that give entries may not. */
import { afterEach, expect, it } from "vitest";
import { createTrainer, type Executor, FlowModel, flow, jaxExecutor } from "../../src/index.js";
import { linear } from "../../src/layers/linear.js";

const compiled = new Map<string, boolean>();
afterEach(() => compiled.clear());

const plain = jaxExecutor();
const executor: Executor = {
  ...plain,
  compile(f, specs, options = {}) {
    compiled.set(options.name ?? "", options.itemwise ?? false);
    return plain.compile(f, specs, options);
  },
};
const examples = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));

it("log p and own draws, not encode and decode", async () => {
  const model = await FlowModel.create(flow([linear(3, 3)]), executor);
  await model.logProb(examples);
  await model.decode(await model.encode(examples));
  await model.sampleFlat(2);
  await model.dispose();
  expect(Object.fromEntries(compiled)).toEqual({ ledger: true, encode: false, decode: false, sample: true });
});

it("all of a training step", async () => {
  const data = { examples, count: 8 };
  const trainer = await createTrainer({ flow: flow([linear(3, 3)]), executor, data, batchSize: 4, steps: 1 });
  await trainer.dispose();
  expect(compiled.get("gradient")).toBe(true);
  expect([...compiled.values()]).not.toContain(false);
});
