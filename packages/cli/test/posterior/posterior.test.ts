import { DataError, UsageError } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { loadRuntime } from "@flowify/onnx";
import { afterAll, describe, expect, it } from "vitest";
import { bijectionOf } from "../../src/posterior/bijections.js";
import { conditionOf, scalingOf } from "../../src/posterior/scaling.js";
import { inThisThread, simulateAll } from "../../src/posterior/simulate.js";
import {
  independently,
  logNormal,
  normal,
  type Prior,
  posterior,
  type Simulator,
  uniform,
} from "../../src/posterior.js";
import { trainPosterior } from "../../src/posterior-browser.js";
import { chiSquaredTail, logMean } from "../../src/statistics.js";

/** A conjugate model: θ ~ N(0, 1), x = (θ + ε₁, θ + ε₂), ε ~ N(0, ½²): the posterior is N(8 x̄ / 9, 1 / 9). */
const conjugate: Simulator = (theta, random) =>
  [0, 1].map(() => (theta[0] as number) + 0.5 * random.normal());
const product: Simulator = ([a = 0, b = 0], random) => [
  a * b + 0.1 * random.normal(),
  b + 0.1 * random.normal(),
];
const settings = { simulations: 1500, epochs: 60, ensemble: 2, blocks: 1, hidden: 24, seed: 7 };
const found = await posterior({ ...settings, prior: normal(0, 1), simulate: conjugate });
const bounded = await posterior({
  ...settings,
  epochs: 10,
  prior: independently(uniform(-1, 1), logNormal(0, 0.5)),
  simulate: product,
});
afterAll(async () => {
  await found.dispose();
  await bounded.dispose();
});

describe("a posterior", () => {
  it("is that of a conjugate model, for any observation", async () => {
    for (const observed of [
      [0.5, 1],
      [-1, -0.6],
    ] as const) {
      const draws = (await found.sample(4000, { observed, seed: 1 })).map(([theta = 0]) => theta);
      const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
      const std = Math.sqrt(draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length);
      expect(Math.abs(mean - (8 / 9) * ((observed[0] + observed[1]) / 2))).toBeLessThan(0.1);
      expect(Math.abs(std - 1 / 3)).toBeLessThan(0.06);
    }
  });

  it("has a density that integrates to 1 inside of the support, and is 0 outside", async () => {
    const steps = 240;
    const grid = Array.from({ length: steps * steps }, (_, i) => [
      -1 + (2 * ((i % steps) + 0.5)) / steps,
      (5 * (Math.floor(i / steps) + 0.5)) / steps,
    ]);
    const logs = await bounded.logProb(grid, { observed: [0.5, 1.2] });
    const mass = logs.reduce((sum, log) => sum + Math.exp(log), 0) * (2 / steps) * (5 / steps);
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
    const outside = await bounded.logProb(
      [
        [1.01, 1],
        [0, -0.1],
      ],
      { observed: [0.5, 1.2] },
    );
    expect([...outside]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });

  it("draws nothing outside of the support, even for observations that no prior explains", async () => {
    const draws = await bounded.sampleEach(
      [
        [9, 0.1],
        [-40, 1e6],
      ],
      20_000,
    );
    for (let i = 0; i < draws.length; i += 2) {
      expect(Math.abs(draws[i] as number) <= 1).toBe(true);
      expect((draws[i + 1] as number) >= 0).toBe(true);
    }
  });

  it("is calibrated by its own simulations", async () => {
    const { ranks, largestGap, simulations } = await found.diagnose({ simulations: 300, draws: 50, seed: 3 });
    expect(simulations).toBe(300);
    expect(ranks[0]?.counts.reduce((a, b) => a + b)).toBe(300);
    expect(ranks[0]?.p).toBeGreaterThan(0.001);
    expect(largestGap).toBeLessThan(0.12);
  });

  it("says of an observation whether it is like those simulated", () => {
    expect(found.typicality({ observed: [0.5, 0.6] }).note).toBeUndefined();
    expect(found.typicality({ observed: [0.5, 0.6] }).p).toBeGreaterThan(0.05);
    // each number is usual, together they are not: their difference has a deviation of 0.7
    for (const observed of [
      [2, -2],
      [30, 30],
    ]) {
      const { p, note } = found.typicality({ observed });
      expect(p).toBeLessThan(0.01);
      expect(note).toContain("outside of everything simulated");
    }
    expect(() => found.typicality({ observed: [1] })).toThrow("expected 2 numbers");
  });

  it("is restored from the parameters of its members, and computes without ONNX Runtime", async () => {
    const options = { ...settings, prior: normal(0, 1), simulate: conjugate };
    const before = found.members.map((member) => member.save());
    const again = await trainPosterior(options, { before });
    const [asked, theta] = [{ observed: [0.3, 0.2] }, [[0.1], [0.4]]];
    const theirs = await again.logProb(theta, asked);
    (await found.logProb(theta, asked)).forEach((log, i) => expect(theirs[i]).toBeCloseTo(log, 4));
    await again.dispose();
  });

  it("ends its training where a signal says so", async () => {
    const ending = { aborted: false };
    const short = await posterior({
      ...settings,
      prior: normal(0, 1),
      simulate: conjugate,
      ensemble: 1,
      signal: ending,
      onProgress: (stage) => {
        ending.aborted = stage === "training";
      },
    });
    const draws = await short.sample(50, { observed: [0, 0] });
    expect(draws.every(([theta = Number.NaN]) => Number.isFinite(theta))).toBe(true);
    await short.dispose();
  });

  it("is one ONNX file with the draws and densities of its flows", async () => {
    const { InferenceSession, Tensor } = await loadRuntime();
    const session = await InferenceSession.create(bounded.toOnnx(), { logSeverityLevel: 3 });
    const [count, rng] = [64, makeRng(3)];
    const noise = Float32Array.from({ length: 2 * count }, () => rng.normal());
    const observation = Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0.4 : 1.1));
    const choice = Float32Array.from({ length: count }, (_, i) => i / count);
    const result = await session.run({
      observation: new Tensor("float32", observation, [count, 2]),
      noise: new Tensor("float32", noise, [count, 2]),
      choice: new Tensor("float32", choice, [count, 1]),
    });
    // the same by the members in Node: u of the noise, its log-density, and θ
    const lines = bounded.prior.support.map(bijectionOf);
    const pairs = await simulateAll(bounded.prior, inThisThread(product), settings.simulations, {
      seed: settings.seed,
    });
    const condition = conditionOf([0.4, 1.1], scalingOf(pairs.observations, 2));
    const u = await Promise.all(bounded.members.map((member) => member.decode(noise, { condition })));
    const own = Float32Array.from(
      noise,
      (_, i) => u[(choice[i >> 1] as number) < 0.5 ? 0 : 1]?.[i] as number,
    );
    const logs = await Promise.all(bounded.members.map((member) => member.logProb(own, { condition })));
    const [theta, density] = [result.theta?.data as Float32Array, result.log_density?.data as Float32Array];
    for (let i = 0; i < count; i++) {
      const each = [...own.subarray(2 * i, 2 * i + 2)];
      const slope = each.reduce((sum, value, k) => sum + (lines[k]?.logSlope(value) as number), 0);
      const log = logMean(logs.map((some) => some[i] as number)) - slope;
      expect(Math.abs((density[i] as number) - log)).toBeLessThan(1e-4);
      each.forEach((value, k) =>
        expect(Math.abs((theta[2 * i + k] as number) - (lines[k]?.fromReal(value) as number))).toBeLessThan(
          1e-4,
        ),
      );
    }
    // the same distribution as that of `sample`: means of both parameters
    const draws = await bounded.sample(4000, { observed: [0.4, 1.1], seed: 5 });
    const many = await session.run({
      observation: new Tensor(
        "float32",
        Float32Array.from({ length: 8000 }, (_, i) => (i % 2 === 0 ? 0.4 : 1.1)),
        [4000, 2],
      ),
      noise: new Tensor(
        "float32",
        Float32Array.from({ length: 8000 }, () => rng.normal()),
        [4000, 2],
      ),
      choice: new Tensor(
        "float32",
        Float32Array.from({ length: 4000 }, () => rng.uniform()),
        [4000, 1],
      ),
    });
    const averages = many.theta?.data as Float32Array;
    for (const k of [0, 1]) {
      const ours = draws.reduce((sum, row) => sum + (row[k] as number), 0) / 4000;
      const theirs = averages.reduce((sum, v, i) => sum + (i % 2 === k ? v : 0), 0) / 4000;
      expect(Math.abs(ours - theirs)).toBeLessThan(0.02);
    }
    await session.release();
  });
});

describe("bad input", () => {
  const prior = uniform([-1, -1], [1, 1]);
  const run = (given: Partial<Parameters<typeof posterior>[0]>) =>
    posterior({ prior, simulate: (theta) => theta, simulations: 20, epochs: 1, ensemble: 1, ...given });
  const wrong: Prior = { ...prior, logProb: () => Number.NEGATIVE_INFINITY };

  it.each<[string, Parameters<typeof run>[0], new (...args: never[]) => Error, string]>([
    ["a prior without a density for its own draw", { prior: wrong }, UsageError, "log p of its own draw"],
    [
      "a draw outside of the support",
      { prior: { ...prior, sample: () => [2, 0] } },
      UsageError,
      "whose support is -1 to 1",
    ],
    [
      "a draw of another length",
      { prior: { ...prior, sample: () => [0] } },
      UsageError,
      "sample gives 1 numbers, expected 2",
    ],
    [
      "an unknown option",
      { simulation: 30 } as never,
      UsageError,
      'unknown option "simulation"; did you mean "simulations"?',
    ],
    ["no prior", { prior: undefined as never }, UsageError, "prior: expected uniform(low, high)"],
    ["too few simulations", { simulations: 3 }, UsageError, "expected at least 20 simulations, got 3"],
    [
      "a promise",
      { simulate: (async () => [1]) as never },
      UsageError,
      "expected a list of numbers, got a promise",
    ],
    [
      "no simulations",
      { simulations: 0 },
      UsageError,
      "simulations: expected an integer of at least 1, found 0",
    ],
    [
      "observations of different lengths",
      { simulate: (theta) => (theta[0]! > 0 ? [1] : [1, 2]) },
      UsageError,
      "expected the same number each time",
    ],
    [
      "a simulator that throws",
      {
        simulate: () => {
          throw new Error("no");
        },
      },
      DataError,
      "it threw Error: no",
    ],
    [
      "a simulator that returns nothing",
      { simulate: () => [] },
      UsageError,
      "simulate: returned an empty list, expected at least one number each time",
    ],
    ["a simulator that gives NaN", { simulate: () => [Number.NaN] }, DataError, "it gave NaN"],
  ])("%s", async (_, given, Type, text) => {
    const failed = run(given);
    await expect(failed).rejects.toThrow(Type);
    await expect(failed).rejects.toThrow(text);
  });

  it("some failures are left out, and counted", async () => {
    let calls = 0;
    const part = await run({
      mostFailures: 0.5,
      simulate: (theta) => (calls++ % 4 === 0 ? [Number.NaN, 0] : [...theta]),
    });
    expect(part.failures).toBe(5);
    const { simulations, failures, ranks } = await part.diagnose({ simulations: 40, draws: 5 });
    // six ranks have six bins, and a probability
    for (const { counts, p } of ranks) expect([counts.length, p > 0 && p <= 1]).toEqual([6, true]);
    expect([simulations, failures, ranks[0]?.ranks.length]).toEqual([30, 10, 30]);
    await part.dispose();
  });

  it("diagnose refuses more failures than training does", async () => {
    let calls = 0;
    const part = await run({
      simulate: (theta) => (++calls > 20 && calls % 4 === 0 ? [Number.NaN, 0] : [...theta]),
    });
    expect(part.failures).toBe(0);
    const failed = part.diagnose({ simulations: 40, draws: 5 });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(
      /simulate: 5 of the first 20 simulations failed; for θ = .* it gave NaN\n.*raise mostFailures/,
    );
    const { failures } = await part.diagnose({ simulations: 40, draws: 5, mostFailures: 0.3 });
    expect(failures).toBe(10);
    await part.dispose();
  });

  it("an observation of another length, or with NaN", async () => {
    await expect(found.sample(1, { observed: [1] })).rejects.toThrow(
      "observed: expected 2 numbers, as the simulator has, got 1",
    );
    await expect(found.sample(1, { observed: [1, Number.NaN] })).rejects.toThrow("observed: number 1 is NaN");
    await expect(found.logProb([[1, 2]], { observed: [1, 1] })).rejects.toThrow(
      "expected 1 parameters, got 2",
    );
  });
});

it("the tail of χ²", () => {
  // quantiles of tables: 0.05 and 0.01 for 19 degrees of freedom, 0.05 for 4, the median of 2
  expect(chiSquaredTail(30.1435, 19)).toBeCloseTo(0.05, 5);
  expect(chiSquaredTail(36.1909, 19)).toBeCloseTo(0.01, 5);
  expect(chiSquaredTail(9.4877, 4)).toBeCloseTo(0.05, 5);
  expect(chiSquaredTail(2 * Math.LN2, 2)).toBeCloseTo(0.5, 10);
});
