/** Densities as a whole: they integrate to 1, meet closed forms, and bounds are bounds. */
import { numpy as np, random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { chain } from "../src/chain.js";
import { mixture } from "../src/densities/mixture.js";
import { jaxExecutor } from "../src/executor/jax-executor.js";
import { bitsPerDimension, flow } from "../src/flow.js";
import { dequantize } from "../src/layers/dequantize.js";
import { leakyRelu } from "../src/layers/leaky-relu.js";
import { linear } from "../src/layers/linear.js";
import { prelu } from "../src/layers/prelu.js";
import { rqSpline } from "../src/layers/rq-spline.js";
import { nth } from "../src/lists.js";
import { makeRng } from "../src/math/rng.js";
import { FlowModel } from "../src/model/model.js";
import type { HostArray } from "../src/params/host-array.js";
import { treeRef } from "../src/params/pytree.js";
import { numbersOf } from "../src/testing/arrays.js";
import { logAbsDet, logNormal, sum, toRows } from "../src/testing/plain.js";
import { toParams, usePrecision } from "../src/testing/prepare.js";
import { takeToHost } from "../src/train/state.js";
import { createTrainer } from "../src/train/trainer.js";
import { expectClose } from "./support/compare.js";
import { logProbs, mass, type Params, randomParams, squareGrid } from "./support/grid.js";
import { dense, logSum, multiply } from "./support/plain.js";
import { tolerance } from "./tolerances.js";

beforeAll(() => usePrecision("float32"));

const spline = (n: number) => rqSpline([n], { init: "uniform", bound: 3 });

describe("exp(log p) integrates to 1 over the plane", () => {
  const flows = {
    "a bijective chain": flow([
      linear(2, 2),
      spline(2),
      leakyRelu([2], { slope: 0.8 }),
      linear(2, 2),
      prelu([2], { slope: [1.5, 0.7] }),
      linear(2, 2),
    ]),
    "a chain that reduces 2 → 1, Gaussian": flow([
      linear(2, 2),
      spline(2),
      linear(2, 1),
      spline(1),
      linear(1, 1),
    ]),
    "a chain that reduces 2 → 1, mixture": flow([
      linear(2, 1, { density: mixture }),
      leakyRelu([1]),
      linear(1, 1),
    ]),
  };

  for (const [name, made] of Object.entries(flows))
    it(`${name}, random parameters`, { tags: name.includes("mixture") ? ["long"] : [] }, async () => {
      expect(made.exact).toBe(true);
      const params = await randomParams(made, 3, 0.25);
      expect(Math.abs((await mass(made, params, 20, 400)) - 1)).toBeLessThan(tolerance("integral"));
    });

  it("two moons, after some training, which has improved the likelihood", async () => {
    const rng = makeRng(9);
    const moons = new Float32Array(2 * 1024);
    for (let i = 0; i < 1024; i++) {
      const angle = Math.PI * rng.uniform();
      const [x, y] =
        i % 2 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
      moons.set([2 * x - 1 + 0.2 * rng.normal(), 2 * y - 0.5 + 0.2 * rng.normal()], 2 * i);
    }
    const made = flow([linear(2, 2), spline(2), linear(2, 2), spline(2), linear(2, 2)]);
    const trainer = await createTrainer({
      flow: made,
      executor: jaxExecutor(),
      data: { examples: moons, count: 1024 },
      steps: 60,
      batchSize: 64,
      learningRate: 3e-2,
      initExamples: 1024,
    });
    const before = toParams(await trainer.params(), "float32") as Params;
    for (let i = 0; i < 60; i++) await trainer.step();
    const after = toParams(await trainer.params(), "float32") as Params;
    await trainer.dispose();
    const mean = async (params: Params) => sum(await logProbs(made, params, moons)) / 1024;
    expect(await mean(after)).toBeGreaterThan((await mean(before)) + 0.1);
    expect(Math.abs((await mass(made, after, 10, 400)) - 1)).toBeLessThan(tolerance("integral"));
  });
});

describe("a chain that increases 2 → 3 gives a bound that tightens to log p", () => {
  const made = flow([linear(2, 3), spline(3), linear(3, 3), leakyRelu([3], { slope: 0.8 })]);
  /** The appended number scaled up, so that its law covers what the layers after it expect. */
  const wideParams = async (): Promise<Params> => {
    const params = await randomParams(made, 4, 0.2);
    const first = params[0] as { logScale: np.Array };
    first.logScale = first.logScale.add(np.array([0, 0, 1.8]));
    return params;
  };
  const nodes = Array.from({ length: 321 }, (_, i) => (i - 160) * 0.04); // ε on ± 6.4
  /** log p(x) = log ∫ r(ε) p(x | ε) dε by the trapezoidal rule over ε. */
  const quadrature = async (params: Params, points: readonly number[][]): Promise<number[]> => {
    const rows = points.flatMap((point) => nodes.flatMap(() => point));
    const noise = points.flatMap(() => nodes);
    const logs = await logProbs(made, params, Float32Array.from(rows), Float32Array.from(noise));
    return points.map((_, i) =>
      logSum(nodes.map((e, k) => nth(logs, i * nodes.length + k) + logNormal(e) + Math.log(0.04))),
    );
  };

  it("whose K-sample estimate converges to the quadrature over ε", async () => {
    expect(made.exact).toBe(false);
    const params = await wideParams();
    const points = [
      [0, 0],
      [0.5, -1],
      [-1.5, 0.7],
    ];
    const truth = await quadrature(params, points);
    const model = new FlowModel(made, await takeToHost(treeRef(params)), jaxExecutor());
    const many = await model.importanceBound(Float32Array.from(points.flat()), { samples: 300, seed: 1 });
    for (const [i, log] of truth.entries()) {
      const [ours, error] = [many.logProb[i] as number, many.stdErr[i] as number];
      expect(error).toBeLessThan(0.1);
      expect(Math.abs(ours - log)).toBeLessThan(5 * error);
    }
    // E log p(x, ε) < log (1/K) Σ p(x, ε_k), which rises to log p(x)
    const noise = new Float32Array(20_000);
    makeRng(5).fillNormal(noise);
    for (const [i, point] of points.entries()) {
      const rows = Float32Array.from({ length: 2 * noise.length }, (_, k) => nth(point, k % 2));
      const logs = await logProbs(made, params, rows, noise);
      const average = logSum(logs) - Math.log(logs.length);
      expect(sum(logs) / logs.length).toBeLessThan(average);
      expect(Math.abs(average - nth(truth, i))).toBeLessThan(0.02);
    }
    await model.dispose();
  });

  it("and log p, so found, integrates to 1", { tags: ["long"] }, async () => {
    const params = await wideParams();
    const { points, area } = squareGrid(14, 60);
    const logs = await quadrature(params, toRows(points, 2));
    expect(Math.abs(sum(logs.map((v) => Math.exp(v) * area)) - 1)).toBeLessThan(tolerance("integral"));
  });
});

describe("closed forms (float64)", () => {
  it("a square linear layer on a standard normal is a Gaussian", async () => {
    usePrecision("float64");
    const weight = [0.7, -0.2, 0.1, 0.4, 1.3, -0.5, 0.2, 0.6, -0.9];
    const bias = [0.3, -1, 0.5];
    const made = flow([
      linear(3, 3, { weights: { weight: Float64Array.from(weight), bias: Float64Array.from(bias) } }),
    ]);
    const params = made.init(random.key(0));
    const x = [
      [0.5, 1, -2],
      [0, 0, 0],
    ];
    const ours = made.logProb(params, np.array(Float32Array.from(x.flat()), { shape: [2, 3] }), [{}]);
    const w = toRows(weight, 3);
    const expected = dense(x, w, bias).map((row) => sum(row.map((v) => logNormal(v))) + logAbsDet(w));
    expectClose(await numbersOf(ours), expected, "plain");
    usePrecision("float32");
  });

  it("a reducing layer with an unconditional Gaussian is one as well", async () => {
    usePrecision("float64");
    const layer = linear(3, 1);
    const made = flow([layer]);
    const host = await takeToHost(made.init(random.key(2)));
    const params = toParams(host, "float64") as Params;
    const { rotateIn } = (host as unknown as [{ rotateIn: HostArray }])[0];
    const x = [
      [0.5, 1, -2],
      [0.1, 0, 3],
    ];
    const ours = made.logProb(
      params,
      np.array(Float32Array.from(x.flat()), { shape: [2, 3] }).astype(np.float64),
      [{}],
    );
    // R, s = 0, b = 0, mean 0 and std 1 of what is dropped: x R is standard normal
    const y = multiply(x, toRows(rotateIn.data, 3));
    expectClose(
      await numbersOf(ours),
      y.map((row) => sum(row.map((v) => logNormal(v)))),
      "plain",
    );
    usePrecision("float32");
  });
});

describe("bits per dimension", () => {
  it.each([1, 784])("of a uniform model of 256 levels are 8: %i pixels", async (n) => {
    usePrecision("float64");
    const uniform = {
      name: "uniform",
      shape: [n],
      noise: {},
      logProb: (z: np.Array) => z.mul(0).sum(1),
      draw: () => np.zeros([1, n]),
    };
    const made = flow([chain([dequantize([n])])], uniform);
    const x = np.full([2, n], 17, { dtype: np.float64 });
    const noise = [{ u: np.full([2, n], 0.25, { dtype: np.float64 }) }];
    for (const nats of await numbersOf(made.logProb([{}], x, noise)))
      expect(bitsPerDimension(nats, made.dimensions)).toBeCloseTo(8, 12);
    usePrecision("float32");
  });
});
