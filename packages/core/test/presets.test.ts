import { describe, expect, it } from "vitest";
import {
  couplingFlow,
  denseFlow,
  type Flow,
  fit,
  jaxExecutor,
  splineFlow,
  UsageError,
} from "../src/index.js";
import { makeRng } from "../src/math/rng.js";

/** Columns that depend on each other exactly: a parabola, and four copies of its argument. */
function parabola(count: number, seed: number): number[][] {
  const rng = makeRng(seed);
  return Array.from({ length: count }, () => {
    const x = rng.uniform();
    return [x, x * x + 0.05 * rng.uniform(), -x, 1 - x, x];
  });
}
const presets: { [name: string]: (n: number) => Flow } = {
  couplingFlow: (n) => couplingFlow(n, { hidden: 16 }),
  splineFlow: (n) => splineFlow(n, { hidden: 16 }),
  denseFlow: (n) => denseFlow(n, n === 1 ? [1, 1] : [n, n - 1]),
};
const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

describe.each(Object.entries(presets))("%s", (name, preset) => {
  it("survives a singular covariance, and finds a broken relation unlikely", {
    tags: name === "splineFlow" ? [] : ["long"],
  }, async () => {
    const model = await fit(preset(5), parabola(1000, 1), {
      executor: jaxExecutor(),
      steps: 30,
      validation: 0.1,
      seed: 7,
    });
    const [like, unlike] = await model.logProb([
      [0.5, 0.27, -0.5, 0.5, 0.5],
      [0.5, 0.9, -0.5, 0.5, 0.5],
    ]);
    expect(like! - unlike!).toBeGreaterThan(5);
    const drawn = await model.sampleFlat(200, { seed: 1 });
    const errors = Float64Array.from({ length: 200 }, (__, i) => Math.abs(drawn[5 * i]! + drawn[5 * i + 2]!));
    expect(mean(errors)).toBeLessThan(0.2);
    await model.dispose();
  });

  it("takes one column", async () => {
    const rng = makeRng(2);
    const rows = Array.from({ length: 600 }, () => [1 + 4 * Math.round(rng.uniform())]);
    const flow = preset(1);
    expect(flow.exact).toBe(true);
    const model = await fit(
      flow,
      rows.map(([x]) => [x! + 0.1 * rng.normal()]),
      { steps: 40, seed: 3 },
    );
    const [on, off] = await model.logProb([[1], [20]]);
    expect(on).toBeGreaterThan(off! + 1);
    await model.dispose();
  });

  it("refuses no columns", () => {
    for (const n of [0, -1, 2.5]) expect(() => preset(n)).toThrow(UsageError);
  });
});

it("starts as one Gaussian where there are no blocks, and takes whole numbers by levels", () => {
  const layers = ({ ledgerLines }: Flow): string[] => ledgerLines.map(({ layer }) => layer);
  expect(layers(couplingFlow(3, { blocks: 0 }))).toEqual(["whiten[0]", "standardNormal"]);
  expect(layers(couplingFlow(1, { levels: 4 }))).toEqual([
    "dequantize[0]",
    "whiten[1]",
    "rqSpline[2]",
    "standardNormal",
  ]);
  expect(splineFlow(3, { levels: 4 }).domain.levels).toBe(4);
  expect(() => denseFlow(3, [])).toThrow("expected at least one width");
});
