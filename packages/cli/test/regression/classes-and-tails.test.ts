import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { regression, scoresOf } from "../../src/regression.js";
import { meanOf } from "../../src/statistics.js";

const random = makeRng(7);
const given = Array.from({ length: 1000 }, () => [2 * random.uniform() - 1, random.normal()]);
const settings = { given, steps: 200, ensemble: 1, seed: 7 };

describe("a regression of values that are no normal numbers", () => {
  it("calls no class impossible that training did not have", async () => {
    const model = await regression({
      ...settings,
      classes: 3,
      values: given.map(([x = 0]) => Number(x > 0)),
    });
    const [log] = await model.logProb([2], { given: [[0.9, 0]] });
    await model.dispose();
    expect(log).toBeGreaterThan(Math.log(0.4 / given.length));
    expect(log).toBeLessThan(Math.log(5 / given.length));
  });

  it("finds classes whose order says nothing", async () => {
    const places = given.map(([x = 0]) => (7 * Math.floor(6 * (x + 1))) % 12);
    const model = await regression({ ...settings, classes: 12, values: places });
    const logs = await model.logProb(places, { given });
    await model.dispose();
    expect(meanOf(logs)).toBeGreaterThan(-1.2);
  });

  it("is no wider than values with heavy tails", async () => {
    // without a mean: a share of r^−0.83 lies beyond r
    const own = makeRng(3);
    const made = () => given.map(([x = 0]) => x + own.normal() * own.uniform() ** -1.2);
    const [known, fresh] = [made(), made()];
    const model = await regression({ ...settings, steps: 300, values: known });
    const logs = await model.logProb(fresh, { given });
    const { coverage } = scoresOf(await model.predict(given), fresh, logs);
    await model.dispose();
    // 0.60 and −3.2; by tails of a normal distribution 0.85 and −4.0
    expect(coverage[0]).toBeLessThan(0.7);
    expect(meanOf(logs)).toBeGreaterThan(-3.5);
  });
});
