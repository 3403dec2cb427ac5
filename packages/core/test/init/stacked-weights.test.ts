import { expect, it } from "vitest";
import { losingMembers, stackedWeights } from "../../src/init/stacked-weights.js";
import { makeRng } from "../../src/math/rng.js";
import { logNormal } from "../../src/testing/plain.js";

it("finds the weights of the parts that examples were drawn from, and drops a part that explains none", () => {
  const rng = makeRng(2);
  const means = [-3, 2, 50];
  const logs = Array.from({ length: 4000 }, () => {
    const x = rng.normal() + (rng.uniform() < 0.3 ? -3 : 2);
    return means.map((mean) => logNormal(x, mean));
  }).flat();
  const [a = 0, b = 0, c = 1] = stackedWeights(logs, 3);
  expect(a).toBeCloseTo(0.3, 1);
  expect(b).toBeCloseTo(0.7, 1);
  expect(c).toBeLessThan(1e-6);
});

it("an example that is impossible for one member, or for all, or not a number, decides nothing", () => {
  const none = Number.NEGATIVE_INFINITY;
  const weights = stackedWeights([none, -1, none, none, Number.NaN, -2, -1, none], 2);
  for (const weight of weights) expect(weight).toBeGreaterThan(0.2);
  expect(weights[0]! + weights[1]!).toBeCloseTo(1, 9);
});

it("a member loses that explains examples worse than the others, and not one that a few of them want", () => {
  const rng = makeRng(4);
  const logs = Array.from({ length: 400 }, () => {
    const x = rng.uniform() < 0.01 ? 30 + rng.normal() : rng.normal();
    return [0, 30, 6].map((mean) => logNormal(x, mean));
  }).flat();
  expect(losingMembers(logs, stackedWeights(logs, 3))).toEqual([false, false, true]);
});
