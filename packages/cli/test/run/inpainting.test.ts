import { FlowModel, flow, jaxExecutor } from "@flowify/core";
import { linear } from "@flowify/core/layers";
import { expect, it } from "vitest";
import { conditionalSamples } from "../../src/samples/conditional-samples.js";
import { hiddenEntries } from "../../src/sheets/inpainting.js";

it("chains sample the conditional of a normal: its mean and its variance", async () => {
  // x = A⁻¹ z, so that the precision of x is AᵀA
  const data = Float32Array.of(2, 0, 0, 1.5, 1, 0, 0.5, -1, 1);
  const layer = linear(3, 3, { weights: { weight: data, bias: new Float32Array(3) } });
  const model = await FlowModel.create(flow([layer]), jaxExecutor());
  const precision = (i: number, j: number): number =>
    [0, 1, 2].reduce((sum, k) => sum + data[3 * k + i]! * data[3 * k + j]!, 0);
  const chains = 256;
  const start = Float32Array.from({ length: 3 * chains }, (_, i) => [1, 0, -2][i % 3]!);
  const hidden = Uint8Array.of(0, 1, 0);
  const { values, logProb, accepted } = await conditionalSamples(model, start, hidden, {
    steps: 120,
    seed: 4,
  });
  expect(accepted).toBeGreaterThan(0.4);
  expect(logProb[7]).toBeCloseTo((await model.logProb(values))[7]!, 4);
  const drawn = Array.from({ length: chains }, (_, c) => values[3 * c + 1]!);
  for (let c = 0; c < chains; c++) expect([values[3 * c], values[3 * c + 2]]).toEqual([1, -2]);
  const mean = drawn.reduce((sum, v) => sum + v, 0) / chains;
  const variance = drawn.reduce((sum, v) => sum + (v - mean) ** 2, 0) / chains;
  const wanted = -(precision(1, 0) * 1 + precision(1, 2) * -2) / precision(1, 1);
  const spread = 1 / precision(1, 1);
  expect(Math.abs(mean - wanted)).toBeLessThan(4 * Math.sqrt(spread / chains));
  expect(Math.abs(variance / spread - 1)).toBeLessThan(4 * Math.sqrt(2 / chains));
  await model.dispose();
});

it.each([
  ["bottom", [0, 0, 0, 0, 1, 1, 1, 1]],
  ["top", [1, 1, 1, 1, 0, 0, 0, 0]],
  ["left", [1, 0, 1, 0, 1, 0, 1, 0]],
  ["right", [0, 1, 0, 1, 0, 1, 0, 1]],
] as const)("hides the %s half of every channel", (hide, wanted) => {
  expect([...hiddenEntries([2, 4, 2], hide)]).toEqual([...wanted, ...wanted]);
});
