import { makeRng } from "@flowify/core/layer";
import { nativeExecutor } from "@flowify/onnx";
import { expect, it } from "vitest";
import { c2st } from "../../bench/c2st.js";

const rng = makeRng(11);
const normal = (count: number, shift = 0) => Float32Array.from({ length: count }, () => shift + rng.normal());

it("tells samples of one distribution from each other by chance alone, shifted ones as the best classifier does", async () => {
  const executor = await nativeExecutor();
  expect(Math.abs((await c2st(executor, normal(1000), normal(1000), 1)) - 0.5)).toBeLessThan(0.04);
  // N(0, 1) against N(2, 1): the best threshold is right with probability Φ(1)
  expect(Math.abs((await c2st(executor, normal(1000), normal(1000, 2), 1)) - 0.8413)).toBeLessThan(0.025);
  await executor.dispose();
});
