/** Posteriors given observations of any number of rows. */
import { DataError, UsageError } from "@flowify/core";
import { loadRuntime } from "@flowify/onnx";
import { afterAll, expect, it } from "vitest";
import { normal, pictures, posterior, type Simulator } from "../../src/posterior.js";
import { texts } from "../pictures/svg.js";

/** θ ~ N(0, 1), one to six rows N(θ, ½²): the posterior is N(4 n x̄ / (4 n + 1), 1 / (4 n + 1)). */
const simulate: Simulator = ([theta = 0], random) =>
  Array.from({ length: 1 + random.integer(6) }, () => theta + 0.5 * random.normal());
const options = { prior: normal(0, 1), simulate, rows: 6, ensemble: 1, blocks: 1, hidden: 24, seed: 7 };
const found = await posterior({ ...options, simulations: 4000, epochs: 60 });
afterAll(() => found.dispose());

it("are as narrow as the number of rows says", async () => {
  for (const observed of [[0.8], [0.3, -0.4, 0.1], [1.2, 0.9, 0.4, 1.6, 0.2, 0.8]]) {
    const n = observed.length;
    const draws = (await found.sample(2000, { observed, seed: 1 })).map(([theta = 0]) => theta);
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const std = Math.sqrt(draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length);
    const truth = (4 * observed.reduce((a, b) => a + b, 0)) / (4 * n + 1);
    expect(Math.abs(mean - truth)).toBeLessThan(0.1);
    expect(Math.abs(std * Math.sqrt(4 * n + 1) - 1)).toBeLessThan(0.2);
  }
});

it("are drawn for observations of different lengths together, in whatever order their rows stand", async () => {
  const observed = [[0.8], [0.3, -0.4, 0.1]];
  const both = await found.sampleEach(observed, 3, { seed: 2 });
  const turned = await found.sampleEach([[0.8], [0.1, 0.3, -0.4]], 3, { seed: 2 });
  both.forEach((theta, i) => expect(Math.abs(theta - (turned[i] as number))).toBeLessThan(1e-4));
});

it("are checked, and far observations found", async () => {
  const { simulations, ranks } = await found.diagnose({ simulations: 40, draws: 20 });
  expect([simulations, ranks.length]).toEqual([40, 1]);
  expect(found.typicality({ observed: [0.3, -0.2] }).p).toBeGreaterThan(0.02);
  expect(found.typicality({ observed: [90, 95] }).note).toContain("outside of everything simulated");
});

it("are drawn, and observations simulated again have any number of rows", async () => {
  const observed = [0.8, 0.4, 1.1];
  const again = await found.predictive(60, { observed });
  expect(new Set(again.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  expect(Math.max(...again.flatMap((row) => [...row]))).toBeLessThan(5);
  const { predictive = "" } = await pictures(found, { observed, draws: 100 });
  expect(texts(predictive)).toEqual(
    expect.arrayContaining(["rows simulated again", "rows of the observation"]),
  );
});

it("are one ONNX file, in which NaN stands for what is no row", async () => {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(found.toOnnx(), { logSeverityLevel: 3 });
  const observation = new Float32Array(12).fill(Number.NaN);
  observation.set([0.8], 0);
  observation.set([0.3, -0.4, 0.1], 6);
  const { theta, log_density } = await session.run({
    observation: new Tensor("float32", observation, [2, 6, 1]),
    noise: new Tensor("float32", Float32Array.of(0.3, -1), [2, 1]),
    choice: new Tensor("float32", Float32Array.of(0.2, 0.7), [2, 1]),
  });
  for (const [i, observed] of [[0.8], [0.3, -0.4, 0.1]].entries()) {
    const [log = 0] = await found.logProb([[theta?.data[i] as number]], { observed });
    expect(Math.abs((log_density?.data[i] as number) - log)).toBeLessThan(1e-4);
  }
  await session.release();
});

it("refuse other rows", async () => {
  const says = "expected 1 to 6 rows of 1, one after another";
  for (const observed of [[], [1, 2, 3, 4, 5, 6, 7]]) {
    const failed = found.sample(1, { observed });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(`observed: got ${observed.length} numbers, ${says}`);
  }
  await expect(found.sample(1, { observed: [1, Number.NaN] })).rejects.toThrow("observed: number 1 is NaN");
  const pairs = posterior({ ...options, rows: [3, 2], simulations: 100 });
  await expect(pairs).rejects.toThrow(UsageError);
  await expect(pairs).rejects.toThrow(
    /simulate: got \d numbers, expected 1 to 3 rows of 2, one after another/,
  );
  await expect(posterior({ ...options, rows: 0 })).rejects.toThrow(
    "posterior: rows: expected an integer from 1 to 65536",
  );
});
