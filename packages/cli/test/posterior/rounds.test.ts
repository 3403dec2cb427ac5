import { DataError, UsageError } from "@flowify/core";
import { afterAll, describe, expect, it } from "vitest";
import { truncatedSamples } from "../../src/posterior/train.js";
import { normal, posterior, type Simulator, uniform } from "../../src/posterior.js";

/** θ ~ N(0, 1), x = (θ + ε₁, θ + ε₂), ε ~ N(0, ½²): the posterior is N(8 x̄ / 9, 1 / 9). */
const conjugate: Simulator = (theta, random) =>
  [0, 1].map(() => (theta[0] as number) + 0.5 * random.normal());
const settings = { ensemble: 1, blocks: 1, hidden: 24, seed: 7 };
/** Trained too little on purpose. */
const rough = await posterior({
  ...settings,
  prior: normal(0, 1),
  simulate: conjugate,
  simulations: 400,
  epochs: 6,
});
const observed = [0.6, 0.9];
afterAll(() => rough.dispose());

const meanAndStd = (values: readonly number[], weights = values.map(() => 1 / values.length)) => {
  const mean = values.reduce((sum, value, i) => sum + (weights[i] as number) * value, 0);
  return [mean, Math.sqrt(values.reduce((sum, v, i) => sum + (weights[i] as number) * (v - mean) ** 2, 0))];
};
const firsts = (rows: readonly ArrayLike<number>[]): number[] => rows.map((row) => row[0] as number);

describe("importance weights", () => {
  const logLikelihood = ([theta = 0]: Float64Array): number =>
    observed.reduce((sum, x) => sum - 0.5 * ((x - theta) / 0.5) ** 2, 0);

  it("make draws of a rough posterior those of the true one", async () => {
    const { draws, weights, effective } = await rough.importance(4000, { observed, logLikelihood, seed: 2 });
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    expect(effective).toBeGreaterThan(200);
    expect(effective).toBeLessThan(4000);
    const [mean, std] = meanAndStd(firsts(draws), [...weights]);
    expect(mean).toBeCloseTo(2 / 3, 1.5);
    expect(std).toBeCloseTo(1 / 3, 1.5);
  });

  it.each([
    ["no number", () => Number.NaN, "logLikelihood is NaN for θ = ["],
    ["0 everywhere", () => Number.NEGATIVE_INFINITY, "the likelihood is 0 for each of 50 samples"],
  ])("refuse a likelihood that is %s", async (_, logOf, text) => {
    const failed = rough.importance(50, { observed, logLikelihood: logOf });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(text);
  });
});

describe("rounds", () => {
  it("take samples of the prior where the posterior has some mass", async () => {
    const samples = firsts(await truncatedSamples(rough, observed, 1500, 3));
    expect(samples.length).toBe(1500);
    const own = firsts(await rough.sample(10_000, { observed, seed: 3 }));
    const [low, high] = [Math.min(...samples), Math.max(...samples)];
    expect(low).toBeGreaterThan(Math.min(...own) - 0.5);
    expect(high).toBeLessThan(Math.max(...own) + 0.5);
    // as the prior there, by numerical integration
    const grid = Array.from({ length: 400 }, (_, i) => low + ((i + 0.5) * (high - low)) / 400);
    const prior = grid.map((x) => Math.exp(-0.5 * x * x));
    const total = prior.reduce((a, b) => a + b);
    const [mean = 0, std = 0] = meanAndStd(
      grid,
      prior.map((p) => p / total),
    );
    const [ours = 0, spread = 0] = meanAndStd(samples);
    expect(Math.abs(ours - mean)).toBeLessThan(0.08);
    expect(Math.abs(spread - std)).toBeLessThan(0.08);
  });

  it("narrow a wide prior down to one observation, and say so where another is asked", async () => {
    const seen: number[] = [];
    const narrow = await posterior({
      ...settings,
      prior: uniform(-10, 10),
      simulate([theta = 0], random) {
        seen.push(Math.abs(theta - 3));
        return [theta + 0.7 * random.normal()];
      },
      observed: [3],
      simulations: 300,
      epochs: 60,
      learningRate: 1e-2,
    });
    const far = (from: number): number => meanAndStd(seen.slice(from, from + 100))[0] as number;
    expect(seen.length).toBe(300);
    expect(far(0)).toBeGreaterThan(5);
    expect(far(200)).toBeLessThan(3);
    const [mean = 0, std = 0] = meanAndStd(firsts(await narrow.sample(2000, { observed: [3], seed: 1 })));
    expect(Math.abs(mean - 3)).toBeLessThan(0.4);
    expect(Math.abs(std - 0.7)).toBeLessThan(0.25);
    await expect(narrow.sample(1, { observed: [4] })).rejects.toThrow("this posterior is for [3] alone");
    await expect(narrow.diagnose()).rejects.toThrow(UsageError);
    await narrow.dispose();
  });

  it("end where a signal says so, with the posterior so far", async () => {
    const ending = { aborted: false };
    let calls = 0;
    const short = await run({
      observed,
      simulate(theta, random) {
        calls++;
        return conjugate(theta, random);
      },
      epochs: 40,
      signal: ending,
      onProgress: (stage) => {
        ending.aborted = stage === "training";
      },
    });
    expect(calls).toBe(30); // the first of three rounds
    expect((await short.sample(10, { observed })).length).toBe(10);
    await short.dispose();
  });

  const run = (given: Partial<Parameters<typeof posterior>[0]>) =>
    posterior({
      prior: normal(0, 1),
      simulate: conjugate,
      simulations: 90,
      epochs: 1,
      ...settings,
      ...given,
    });
  it.each([
    ["rounds without an observation", { rounds: 2 }, "rounds need observed"],
    ["an observation of another length", { observed: [1] }, "observed: expected 2 numbers"],
    ["an observation outside of everything", { observed: [90, -90] }, "outside of everything simulated"],
    [
      "too few simulations for its rounds",
      { observed, simulations: 50 },
      "expected at least 20 simulations, got 16",
    ],
    [
      "a simulator that hangs",
      {
        timeLimit: 0.02,
        mostFailures: 0,
        simulate: () => {
          for (;;);
        },
      },
      "1 of the first 1 simulations failed; for θ = [",
    ],
    ["a time limit of 0", { timeLimit: 0 }, "timeLimit: expected a number above 0"],
  ])("refuse %s", async (_, given, text) => {
    await expect(run(given)).rejects.toThrow(text);
  });

  it("say how far outside an observation lies", async () => {
    const far = async (x: number): Promise<number> => {
      const { message } = await run({ observed: [x, -x] }).then(
        () => new Error("it was not refused"),
        (error: unknown) => error as Error,
      );
      return Number(/([\d.e+]+) times as far as any of 7 simulations/.exec(message)?.[1]);
    };
    const [near, farther] = [await far(3), await far(90)];
    expect(near).toBeGreaterThan(1.5);
    expect(farther).toBeGreaterThan(2 * near);
  });

  it("simulations that take too long are left out and counted", async () => {
    let calls = 0;
    const part = await posterior({
      ...settings,
      prior: normal(0, 1),
      simulate(theta, random) {
        if (++calls === 30) for (;;);
        return conjugate(theta, random);
      },
      simulations: 60,
      epochs: 1,
      workers: 0,
      timeLimit: 0.5,
    });
    expect(part.failures).toBe(1);
    await part.dispose();
  });
});
