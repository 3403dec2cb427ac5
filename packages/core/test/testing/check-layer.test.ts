import { defaultDevice, numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { conv2d, linear, variationalDequantize } from "../../src/entries/layers.js";
import { checkLayer, laws } from "../../src/entries/testing.js";
import { brokenBy } from "./broken-by.js";
import { mutants } from "./broken-layers.js";
import { narrow, type ScaleParams, scale, widen } from "./layers.js";

/** The plain layer that `scale` stands for. */
const plainScale: Pick<NonNullable<Parameters<typeof checkLayer>[1]>, "plain"> = {
  plain: (params, x) => {
    const { logScale, bias } = params as ScaleParams;
    return np.exp(logScale).mul(x).add(bias);
  },
};

describe("checkLayer", () => {
  it.each([
    ["a bijection", () => checkLayer(scale, plainScale)],
    ["an increasing layer", () => checkLayer(widen)],
    ["a reducing layer", () => checkLayer(narrow)],
    ["linear", () => checkLayer(linear(4, 2))],
    [
      "a convolution, whose contribution has no square Jacobian",
      () => checkLayer(conv2d([1, 4, 4], 2, { kernel: 2, stride: 2, whiten: false })),
    ],
    ["a layer of integers", () => checkLayer(variationalDequantize([3], { levels: 4, hidden: 8 }))],
  ])("passes %s, and says what it compared", async (_, run) => {
    const device = defaultDevice();
    const report = await run();
    expect(report.laws.map(({ law }) => law)).toEqual(laws.map(({ name }) => name));
    for (const { skipped, figures } of report.laws)
      for (const { error, allowed } of skipped ? [] : figures) expect(error).toBeLessThanOrEqual(allowed);
    expect(report.laws.find(({ law }) => law === "round trip")?.figures).not.toEqual([]);
    expect(defaultDevice()).toBe(device);
  });

  it("says why a law does not apply", async () => {
    const { laws: results } = await checkLayer(narrow);
    const skipped = Object.fromEntries(results.flatMap(({ law, skipped: why }) => (why ? [[law, why]] : [])));
    expect(skipped).toEqual({
      deterministic: "no plain layer is given (option `plain`)",
      frozen: "a frozen one learns nothing",
      initFromData: "it has no initial values from data",
      atInit: "it does not say how it starts",
    });
  });

  it.each(mutants)("names the law that fails: $what", async ({ law, also = [], says, check }) => {
    const error = await check();
    expect(error).toMatchObject({ code: "LAW", law });
    expect(error.message.split("\n")[1]).toMatch(says);
    expect(error.laws).toEqual([law, ...also]);
  });

  it("names a record that can be changed", async () => {
    expect(await brokenBy({ ...scale })).toMatchObject({ law: "declaration" });
  });

  it("tries every law but the derived ones on a layer that breaks it", () => {
    const tried = new Set(mutants.map(({ law }) => law));
    expect(laws.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([
      "compiled",
      "references, derived",
      "atInit",
    ]);
  });
});
