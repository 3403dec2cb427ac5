import { expect, it } from "vitest";
import { fuzzLowering } from "./fuzz-lowering.js";

it("lowers random programs of every kind to the numbers of jax-js", async () => {
  const { wrong, runs, largest } = await fuzzLowering(11, (cases) => cases >= 12);
  expect(wrong).toEqual([]);
  expect(runs).toBeGreaterThan(50);
  expect(largest).toBeGreaterThan(16_384);
}, 600_000);
