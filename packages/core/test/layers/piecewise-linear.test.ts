/** From the data: values that heap are wide in z, whose density is smooth; samples heap as the data do. */
import { numpy as np, random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { fit, flow, jaxExecutor } from "../../src/index.js";
import { dequantizeColumns } from "../../src/layers/dequantize-columns.js";
import { marginal } from "../../src/layers/marginal.js";
import { piecewiseLinear } from "../../src/layers/piecewise-linear.js";
import { makeRng } from "../../src/math/rng.js";
import { examplesOf, toHostTree } from "../support/arrays.js";

/** Tenths of degrees Celsius that were whole degrees Fahrenheit. */
const celsius = (fahrenheit: number): number => Math.round((50 / 9) * (fahrenheit - 32)) / 10;
const rng = makeRng(3);
const degrees = Array.from({ length: 800 }, () => celsius(Math.round(55 + 12 * rng.normal())));
const least = Math.min(...degrees);
const allowed = new Set(Array.from({ length: 200 }, (_, f) => celsius(f - 50)));
const known = { gaps: [0.1], origins: [least] };

describe("degrees that were Fahrenheit", () => {
  it("are sampled as such, and likelier than on all tenths", async () => {
    const options = { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 1 };
    const data = Float32Array.from(degrees);
    const fresh = Float32Array.from({ length: 400 }, () => celsius(Math.round(55 + 12 * rng.normal())));
    const figure = async (isHeaped: boolean) => {
      const model = await fit(
        flow([
          dequantizeColumns([1], known),
          ...(isHeaped ? [piecewiseLinear([1], { ...known, knots: 1024 })] : []),
          marginal([1]),
        ]),
        data,
        options,
      );
      const log = await model.logProb(fresh);
      const sampled = await model.sample(400, { seed: 2 });
      await model.dispose();
      const share = sampled.filter(([x = 0]) => allowed.has(Number(x.toFixed(1)))).length / 400;
      return { share, mean: log.reduce((sum, each) => sum + each, 0) / log.length };
    };
    const [heaped, plain] = [await figure(true), await figure(false)];
    expect(heaped.share).toBeGreaterThan(0.97);
    expect(plain.share).toBeLessThan(0.6);
    // log of nearly 50 tenths to 9 that are there
    expect(heaped.mean - plain.mean).toBeGreaterThan(1.4);
  });

  it("count only where their code is 0", async () => {
    const rows = degrees.flatMap((degree, i) => (i % 2 ? [least + (i % 97) / 10, 1] : [degree, 0]));
    const layer = piecewiseLinear([2], { gaps: [0.1, 0], origins: [least, 0], codes: [1, -1], knots: 1024 });
    const { x, y } = (await toHostTree(
      await layer.initFromData?.(random.key(1), examplesOf(Float32Array.from(rows), 800, [2])),
    )) as unknown as Record<"x" | "y", { data: Float32Array }>;
    const slopes = Array.from(
      { length: 300 },
      (_, k) => (y.data[k + 2]! - y.data[k + 1]!) / (x.data[k + 2]! - x.data[k + 1]!),
    );
    expect(Math.max(...slopes) / Math.min(...slopes)).toBeGreaterThan(20);
    const params = {
      x: np.array(Float32Array.from(x.data)).reshape([1, 1024]),
      y: np.array(Float32Array.from(y.data)).reshape([1, 1024]),
    };
    const { z, contribution } = layer.forward(
      params,
      np.array([degrees[0]!, 1, degrees[0]!, 0]).reshape([2, 2]),
      {},
    );
    const [coded, , number] = await z.data();
    expect(coded).toBeCloseTo(degrees[0]!, 5);
    expect(number).not.toBeCloseTo(degrees[0]!, 2);
    const [none, some] = await contribution.data();
    expect(none).toBe(0);
    expect(some).toBeGreaterThan(0.5);
  });
});

it.each([
  [[2], { gaps: [1] }, "expected a number for each of 2 columns"],
  [[2], { gaps: [0, 0] }, "needs a gap above 0"],
  [[1], { gaps: [1], knots: 100 }, "a power of two"],
  [[1], { gaps: [1], codes: [1] }, "expected codes of the columns"],
  [[2, 2], { gaps: [1, 1] }, "needs vectors"],
])("%j of %j: says %s", (shape, options, message) => {
  expect(() => piecewiseLinear(shape, options)).toThrow(message);
});
