import { expect, it } from "vitest";
import { fuzzLowering } from "../../jax-to-onnx/test/fuzz/fuzz-lowering.js";
import { nativeExecutor } from "../src/index.js";
import { twoWorkers } from "./run-on-workers.js";

it("random programs give the numbers of jax-js on two threads at the same time", {
  tags: ["long"],
}, async () => {
  const executor = await nativeExecutor({ threads: 2 });
  const elsewhere = twoWorkers(executor);
  const found = await fuzzLowering(12, (cases) => cases >= 20, { elsewhere });
  await executor.dispose();
  expect(found.wrong).toEqual([]);
  expect(found.elsewhere).toBeGreaterThan(1);
});
