/** Conditions of any number of rows, whose order does not matter. */
import { afterAll, expect, it } from "vitest";
import {
  couplingFlow,
  DataError,
  DomainError,
  FlowModel,
  fit,
  flowify,
  jaxExecutor,
  ShapeError,
} from "../src/index.js";
import { makeRng } from "../src/math/rng.js";
import { NO_ROW } from "../src/nested-numbers.js";

const executor = jaxExecutor();
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** θ ~ N(0, 1) and 1 to 8 rows N(θ, 1): given them θ ~ N(n m / (n + 1), 1 / (n + 1)), with their mean m. */
function observed(count: number, seed: number) {
  const rng = makeRng(seed);
  const theta = Array.from({ length: count }, () => [rng.normal()]);
  const rows = theta.map(([at = 0]) => Array.from({ length: 1 + rng.integer(8) }, () => [at + rng.normal()]));
  const truth = theta.map(([at = 0], i) => {
    const own = rows[i] as number[][];
    const [n, sum] = [own.length, own.flat().reduce((a, b) => a + b, 0)];
    return -0.5 * (n + 1) * (at - sum / (n + 1)) ** 2 + 0.5 * Math.log((n + 1) / (2 * Math.PI));
  });
  return { theta, rows, truth };
}

const options = {
  condition: { shape: [8, 1], fewerRows: true },
  embedding: { hidden: 16, out: 8 },
  hidden: 16,
  blocks: 0,
} as const;
const training = observed(3000, 1);
const model = await fit(couplingFlow(1, options), training.theta, {
  executor,
  condition: training.rows,
  steps: 400,
  batchSize: 128,
  learningRate: 5e-3,
  seed: 7,
});
afterAll(() => model.dispose());

it("a density learns what one row says, and what more rows say together", async () => {
  const { theta, rows, truth } = observed(500, 2);
  const found = await model.logProb(theta, { condition: rows });
  expect(mean(found)).toBeGreaterThan(mean(truth) - 0.05);
  expect(mean(found)).toBeLessThan(mean(truth) + 0.02);
  const spread = async (n: number): Promise<number> => {
    const rows = Array.from({ length: n }, () => [0.5]);
    const draws = (await model.sample(500, { condition: rows, seed: 1 })).map(([v = 0]) => v);
    return Math.sqrt(mean(draws.map((v) => (v - mean(draws)) ** 2)));
  };
  expect(Math.abs((await spread(1)) - Math.sqrt(1 / 2))).toBeLessThan(0.12);
  expect(Math.abs((await spread(8)) - Math.sqrt(1 / 9))).toBeLessThan(0.08);
});

it("the density is the same whatever the order of rows is, and whatever others stand beside it in a batch", async () => {
  const { theta, rows } = observed(20, 3);
  const found = await model.logProb(theta, { condition: rows });
  const turned = await model.logProb(theta, { condition: rows.map((own) => own.toReversed()) });
  for (const [i, own] of rows.entries()) {
    expect(Math.abs((turned[i] as number) - (found[i] as number))).toBeLessThan(1e-5);
    const [alone = 0] = await model.logProb([theta[i] as number[]], { condition: own });
    expect(Math.abs(alone - (found[i] as number))).toBeLessThan(1e-5);
  }
});

it("the density is the same with more room for rows, and with none to spare", async () => {
  const rows = [[0.3], [-1.2], [2]];
  const y = [[0.1], [0.7]];
  const expected = await model.logProb(y, { condition: rows });
  for (const most of [3, 11]) {
    const flow = couplingFlow(1, { ...options, condition: { shape: [most, 1], fewerRows: true } });
    const own = await FlowModel.load(flow, model.save(), executor);
    const found = await own.logProb(y, { condition: rows });
    found.forEach((log, i) => expect(Math.abs(log - (expected[i] as number))).toBeLessThan(1e-5));
    await own.dispose();
  }
});

it("typed arrays have a number in place of those of rows that are not there", async () => {
  const flat = new Float32Array(8).fill(NO_ROW);
  flat.set([0.3, -1.2]);
  expect(await model.logProb([[0.1]], { condition: flat })).toEqual(
    await model.logProb([[0.1]], { condition: [[[0.3], [-1.2]]] }),
  );
});

it.each([
  ["no rows", [[[1]], []], DataError, "example 1 has 0 rows, expected 1 to 8"],
  [
    "too many",
    [Array.from({ length: 9 }, () => [0])],
    DataError,
    "example 0 has 9 rows, expected 1 to 8: every example is at most [8, 1]",
  ],
  ["a row of two numbers", [[[1], [2, 3]]], DataError, "example 0 has 2 numbers, expected 1"],
  ["numbers without rows", [[[1]], 2], DataError, "example 1 holds 2, expected a list of rows"],
  ["NaN", [[[1], [Number.NaN]]], DomainError, "example 0 holds NaN at [1, 0]"],
  ["a typed array without rows", new Float32Array(8).fill(NO_ROW), DataError, "example 0 has no rows"],
  ["none", undefined, Error, "give { condition }: rows of numbers up to [8, 1]"],
] as const)("a condition of %s is refused", async (_, condition, Type, text) => {
  const failed = model.logProb([[1], [2]], { condition: condition as never });
  await expect(failed).rejects.toThrow(Type);
  await expect(failed).rejects.toThrow(text);
});

it("fit refuses conditions of too many rows", async () => {
  const failed = fit(couplingFlow(1, options), [[0], [1]], {
    executor,
    steps: 1,
    condition: [[[1]], Array.from({ length: 9 }, () => [0])],
  });
  await expect(failed).rejects.toThrow("fit: in the condition, example 1 has 9 rows, expected 1 to 8");
});

it("another embedding cannot have fewer rows", () => {
  const make = () =>
    flowify({
      inShape: [1],
      layers: [{ kind: "conditionalAffine" }],
      condition: { shape: [4, 2], fewerRows: true },
      embedding: { kind: "dense" },
    });
  expect(make).toThrow(ShapeError);
  expect(make).toThrow('fewer rows are for an embedding "set", found "dense"');
});
