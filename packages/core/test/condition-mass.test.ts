import { expect, it } from "vitest";
import { couplingFlow, fit, jaxExecutor } from "../src/index.js";
import { makeRng } from "../src/math/rng.js";

const executor = jaxExecutor();
const settings = { executor, steps: 60, batchSize: 128, learningRate: 2e-2, seed: 7 };
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** y | c ~ N(c, ½²) and N(0, (½ + |c| / 4)²), with c uniform on [−2, 2]. */
function pairs(count: number, seed: number) {
  const rng = makeRng(seed);
  const c = Array.from({ length: count }, () => [4 * rng.uniform() - 2]);
  const y = c.map(([at = 0]) => [at + 0.5 * rng.normal(), (0.5 + Math.abs(at) / 4) * rng.normal()]);
  return { c, y };
}

it("a density of two numbers integrates to 1 for every condition, and moves with it", async () => {
  const { c, y } = pairs(600, 1);
  const model = await fit(couplingFlow(2, { condition: 1, hidden: 8, blocks: 1 }), y, {
    ...settings,
    condition: c,
  });
  const [side, end] = [64, 6];
  const step = (2 * end) / side;
  const at = (k: number): number => (k + 0.5) * step - end;
  const grid = Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))]);
  for (const condition of [-2, -1.5, -1, -0.5, 0, 0.3, 0.8, 1.2, 1.7, 2]) {
    const density = (await model.logProb(grid, { condition: [[condition]] })).map((log) => Math.exp(log));
    const mass = density.reduce((a, b) => a + b) * step ** 2;
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
    const middle = density.reduce((sum, p, i) => sum + p * (grid[i]?.[0] as number), 0) * step ** 2;
    expect(Math.abs(middle - condition)).toBeLessThan(0.3);
  }
  await model.dispose();
});

it("a condition that carries nothing leaves the likelihood as it is", async () => {
  const [training, fresh] = [pairs(2000, 2), pairs(1000, 3)];
  // conditions of other rows; those of the rows themselves bring 0.88 nats
  const others = [pairs(2000, 4).c, pairs(1000, 5).c] as const;
  const size = { hidden: 8, blocks: 1 };
  const plain = await fit(couplingFlow(2, size), training.y, settings);
  const conditional = await fit(couplingFlow(2, { ...size, condition: 1 }), training.y, {
    ...settings,
    condition: others[0],
  });
  const alone = await plain.logProb(fresh.y);
  const beside = await conditional.logProb(fresh.y, { condition: others[1] });
  // of the mean over the fresh rows
  const error = Math.sqrt(mean(alone.map((log) => (log - mean(alone)) ** 2)) / alone.length);
  expect(Math.abs(mean(beside) - mean(alone))).toBeLessThan(error);
  await plain.dispose();
  await conditional.dispose();
});
