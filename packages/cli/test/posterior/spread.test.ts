import { fit, flowify } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { expect, it } from "vitest";
import { spreadLike } from "../../src/posterior/spread.js";
import { meanAndSpread } from "../../src/statistics.js";

it("widens a density that is too narrow for held-out rows, and moves it to them", async () => {
  const rng = makeRng(3);
  const rows = (count: number, mean: number, std: number) => ({
    data: Float32Array.from({ length: 2 * count }, () => mean + std * rng.normal()),
    condition: Float32Array.from({ length: count }, () => rng.normal()),
  });
  const executor = await nativeExecutor();
  const flow = flowify({
    inShape: [2],
    condition: { shape: [1] },
    layers: [{ kind: "conditionalAffine", hidden: 4 }, { kind: "actnorm" }],
  });
  const { data, condition } = rows(500, 0, 1);
  const narrow = await fit(flow, data, { condition, steps: 20, batchSize: 64, executor, seed: 7 });
  const held = rows(2000, 0.5, 1.4);
  const before = (await narrow.logProb(held.data, { condition: held.condition })).reduce((a, b) => a + b, 0);
  const model = await spreadLike(narrow, held, executor);
  const z = await model.encode(held.data, { condition: held.condition });
  for (const k of [0, 1]) {
    const { mean, std } = meanAndSpread(z.filter((_, i) => i % 2 === k));
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(std - 1)).toBeLessThan(0.02);
  }
  const after = (await model.logProb(held.data, { condition: held.condition })).reduce((a, b) => a + b, 0);
  expect((after - before) / 2000).toBeGreaterThan(0.1); // as for rows of another law: in nats
  await model.dispose();
  await executor.dispose();
});
