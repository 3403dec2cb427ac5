import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { expect, it } from "vitest";
import { levelSays } from "../../src/regression/lines.js";
import { splitOf } from "../../src/regression/network.js";
import { poolOf } from "../../src/regression/pool.js";
import { lineModel, sharesOf } from "../../src/regression/simple-members.js";

it.each([
  ["moves flows together, and makes them narrower, where each errs for itself", [-0.5, 0.5], 0.6, 0.1],
  ["makes flows wider that are too sure", [0, 0], 0.05, 0.1],
  ["leaves flows as they are that are right", [0, 0], 0.1, 0.1],
])("%s", async (_, slopes, std, truth) => {
  const random = makeRng(3);
  const executor = jaxExecutor();
  const flows = await Promise.all(
    slopes.map((slope) => lineModel({ level: 0, slope: [slope], middle: [0], spread: [1], std }, executor)),
  );
  const rows = { condition: Float32Array.from({ length: 400 }, () => random.normal()), width: 1 };
  const examples = { ...rows, values: Float32Array.from({ length: 400 }, () => truth * random.normal()) };
  const every = Uint32Array.from({ length: 400 }, (_, i) => i);
  const pool = await poolOf(flows, examples, [{ train: every, held: every, shared: every }]);
  expect(pool.scale).toBeGreaterThan((0.9 * std) / truth > 3 ? 1.5 : (0.9 * std) / truth);
  expect(pool.scale).toBeLessThan((1.15 * std) / truth);
  expect(pool.centred).toBe(slopes[0] === 0 ? 0 : 1);
  for (const model of flows) await model.dispose();
});

it("leaves flows as wide as they are where one far value alone asks for more", async () => {
  const random = makeRng(3);
  const line = { level: 0, slope: [0], middle: [0], spread: [1], std: 1 };
  const model = await lineModel(line, jaxExecutor());
  const values = Float32Array.from({ length: 400 }, (_, i) => (i === 7 ? 30 : random.normal()));
  const every = Uint32Array.from(values.keys());
  const examples = { condition: new Float32Array(400), width: 1, values };
  const pool = await poolOf([model], examples, [{ train: every, held: every, shared: every }]);
  expect(pool.scale).toBe(1);
  await model.dispose();
});

it("holds out the last examples of a series first, then those before", () => {
  const split = (member: number, ordered: boolean) => splitOf(40, { member, seed: 0, ordered });
  expect([0, 1, 19, 20].map((member) => [...split(member, true).held])).toEqual([
    [36, 37, 38, 39],
    [34, 35, 36, 37],
    [0, 1, 38, 39],
    [36, 37, 38, 39],
  ]);
  for (const ordered of [false, true]) {
    const [first, second] = [split(0, ordered), split(1, ordered)];
    expect([...first.train, ...first.held].toSorted((a, b) => a - b)).toEqual([...new Array(40).keys()]);
    const both = [...first.held].filter((place) => second.held.includes(place));
    expect([...first.shared]).toEqual(both);
    expect(both.length).toBe(2);
  }
});

it.each([
  ["nothing of a random walk", 1, false],
  ["something of a series that comes back", 0.5, true],
])("finds that the level says %s", (_, keeps, expected) => {
  const random = makeRng(7);
  const series = [0];
  for (let i = 0; i < 500; i++) series.push(keeps * (series[i] as number) + random.normal());
  const steps = series.slice(1).map((value, i) => value - (series[i] as number));
  const examples = { condition: Float32Array.from(series.slice(0, -1)), width: 1 };
  expect(levelSays({ ...examples, values: Float32Array.from(steps) }, 0)).toBe(expected);
});

it.each([
  ["hardly", 0, 0, 0.45],
  ["nearly alone, beyond chance,", 1, 0.9, 1],
])("trusts flows %s that are better by %d", (_, gain, least, most) => {
  const logs = Array.from({ length: 40 }, (__, i) => [gain + (i % 2 === 0 ? 1 : -1), 0, -5]);
  const [flows] = sharesOf(logs);
  expect(flows).toBeGreaterThanOrEqual(least);
  expect(flows).toBeLessThanOrEqual(most);
});

it("lets no far value alone decide for a line that finds it impossible", () => {
  const random = makeRng(4);
  // a flow that is better by a tenth, and by 2000 nats at one value
  const logs = Array.from({ length: 100 }, (_, i) => [0.1 + 0.2 * random.normal(), i === 7 ? -2000 : 0]);
  expect(sharesOf(logs)[0]).toBeGreaterThan(0.9);
});
