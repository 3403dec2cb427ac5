/** From the data: values that heap are wide in z, whose density is smooth; samples heap as the data do. */
import { numpy as np, random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { fit, flow, jaxExecutor } from "../../src/index.js";
import { dequantizeColumns } from "../../src/layers/dequantize-columns.js";
import { marginal } from "../../src/layers/marginal.js";
import { type PiecewiseLinearParams, piecewiseLinear } from "../../src/layers/piecewise-linear.js";
import { makeRng } from "../../src/math/rng.js";
import { HostArray } from "../../src/params/host-array.js";
import { examplesOf } from "../support/arrays.js";

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

  it("count only where the condition says so", async () => {
    const numbers = degrees.map((degree, i) => (i % 2 ? least + (i % 97) / 10 : degree));
    const counts = Float32Array.from(degrees, (_, i) => 1 - (i % 2));
    const options = { gaps: [0.1], origins: [least], known: [0], knots: 1024 };
    const layer = piecewiseLinear([1], options, 1);
    const examples = examplesOf(Float32Array.from(numbers), 800, [1]);
    const given = new HostArray(counts, [800, 1], np.float32);
    const params = (await layer.initFromData?.(
      random.key(1),
      examples.conditioned(given),
    )) as PiecewiseLinearParams;
    const twice = np.array([degrees[0]!, degrees[0]!]).reshape([2, 1]);
    const { z, contribution } = layer.forward(params, twice, {}, np.array([0, 1]).reshape([2, 1]));
    const [coded, number] = await z.data();
    expect(coded).toBeCloseTo(degrees[0]!, 5);
    expect(number).not.toBeCloseTo(degrees[0]!, 2);
    const [none, some] = await contribution.data();
    expect(none).toBe(0);
    expect(some).toBeGreaterThan(0.5);
  });
});

it("widens the values that heap at one place of a cycle there alone", async () => {
  const places = Array.from({ length: 900 }, () => Math.max(0, rng.integer(6) - 2));
  const numbers = places.map((place) => (place === 0 ? 10 * rng.integer(40) : rng.integer(400)));
  const isAt = Float32Array.from({ length: 4 * 900 }, (_, i) => Number(places[i >> 2] === i % 4));
  const layer = piecewiseLinear([1], { gaps: [1], cycles: [[0, 4]] }, 4);
  const examples = examplesOf(Float32Array.from(numbers), 900, [1]);
  const given = new HostArray(isAt, [900, 4], np.float32);
  const params = (await layer.initFromData?.(
    random.key(1),
    examples.conditioned(given),
  )) as PiecewiseLinearParams;
  const slopes = async (place: number): Promise<number[]> => {
    const row = np.array([200, 205]).reshape([2, 1]);
    const at = np.array([0, 1].flatMap(() => [0, 1, 2, 3].map((k) => Number(k === place)))).reshape([2, 4]);
    const own = { x: params.x.ref, y: params.y.ref, own: params.own!.ref };
    const { z, contribution } = layer.forward(own, row, {}, at);
    z.dispose();
    return Array.from(await contribution.data(), Math.exp);
  };
  const [ten = 0, other = 0] = await slopes(0);
  expect(ten).toBeGreaterThan(8); // of ten steps one has all numbers
  expect(other).toBeLessThan(0.1);
  expect(await slopes(2)).toEqual([1, 1]);
  for (const array of Object.values(params)) array.dispose();
});

it.each([
  [[2], { gaps: [1] }, "expected a number for each of 2 columns"],
  [[2], { gaps: [0, 0] }, "needs a gap above 0"],
  [[1], { gaps: [1], knots: 100 }, "a power of two"],
  [[1], { gaps: [1], known: [1] }, "expected places of 0 numbers of a condition"],
  [[1], { gaps: [1], cycles: [[0, 7]] }, "expected cycles among 0 numbers of a condition"],
  [[2, 2], { gaps: [1, 1] }, "needs vectors"],
])("%j of %j: says %s", (shape, options, message) => {
  expect(() => piecewiseLinear(shape, options)).toThrow(message);
});
