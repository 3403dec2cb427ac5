import { expect, it } from "vitest";
import {
  couplingFlow,
  type Flow,
  FlowModel,
  fit,
  flowify,
  HostArray,
  jaxExecutor,
  type Network,
} from "../src/index.js";
import { makeRng } from "../src/math/rng.js";
import { treeMap } from "../src/params/pytree.js";
import { initParams } from "../src/train/init-params.js";

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

/** A network with one small hidden layer after another. */
const ofNetwork = { conditional: true, hidden: 8 } as const;

/** Splines, a line and a base whose parameters depend on a condition of one number. */
const conditionalKinds = (conditional: boolean): Network => ({
  inShape: [2],
  ...(conditional && { condition: { shape: [1] }, base: { conditional, hidden: 8 } }),
  layers: [
    { kind: "marginal", bins: 5, ...(conditional && ofNetwork) },
    { kind: "rqSpline", bins: 4, bound: 3, ...(conditional && ofNetwork) },
    { kind: "affine", shift: Float32Array.of(0, 0), ...(conditional && ofNetwork) },
  ],
});

const tenConditions = [-2, -1.5, -1, -0.5, 0, 0.3, 0.8, 1.2, 1.7, 2];

/** The integral of the density at each of ten conditions, and the mean of the first number, by a grid of so many points a side. */
async function integrals(model: FlowModel, side: number) {
  const end = 6;
  const step = (2 * end) / side;
  const at = (k: number): number => (k + 0.5) * step - end;
  const grid = Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))]);
  const found: { condition: number; mass: number; middle: number }[] = [];
  for (const condition of tenConditions) {
    const density = (await model.logProb(grid, { condition: [[condition]] })).map((log) => Math.exp(log));
    const mass = density.reduce((a, b) => a + b) * step ** 2;
    const middle = density.reduce((sum, p, i) => sum + p * (grid[i]?.[0] as number), 0) * step ** 2;
    found.push({ condition, mass, middle });
  }
  await model.dispose();
  return found;
}

const trained = (flow: Flow): Promise<FlowModel> => {
  const { c, y } = pairs(600, 1);
  return fit(flow, y, { ...settings, condition: c });
};

it("a density of two numbers integrates to 1 for every condition, and moves with it", async () => {
  const flow = couplingFlow(2, { condition: 1, hidden: 8, blocks: 1 });
  for (const { condition, mass, middle } of await integrals(await trained(flow), 64)) {
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
    expect(Math.abs(middle - condition)).toBeLessThan(0.3);
  }
});

it("so does one of splines, lines and a base of the condition", { tags: ["long"] }, async () => {
  for (const { condition, mass, middle } of await integrals(
    await trained(flowify(conditionalKinds(true))),
    80,
  )) {
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
    expect(Math.abs(middle - condition)).toBeLessThan(0.3);
  }
});

it("one of splines, lines and a base of the condition integrates to 1 wherever its parameters are", async () => {
  const [{ c, y }, rng] = [pairs(600, 1), makeRng(3)];
  const flow = flowify(conditionalKinds(true));
  const moved = treeMap(
    ({ data, shape, dtype }: HostArray) =>
      new HostArray(
        Float32Array.from(data, (v) => v + 0.2 * rng.normal()),
        shape,
        dtype,
      ),
    await initParams({ flow, executor, data: y, condition: c }),
  );
  const model = new FlowModel(flow, moved, executor);
  // no layer mixes the numbers: ∫∫ p(s, t) ds dt = ∫ p(s, b) ds ∫ p(a, t) dt / p(a, b)
  const step = 1 / 160;
  const line = Array.from({ length: 4000 }, (_, k) => step * (k + 0.5) - 12.5);
  const middles: number[] = [];
  for (const condition of tenConditions) {
    const [[a = 0, b = 0] = []] = await model.sample(1, {
      condition: [[condition]],
      temperature: 0.5,
      seed: 1,
    });
    const rows = [...line.map((s) => [s, b]), ...line.map((t) => [a, t]), [a, b]];
    const density = (await model.logProb(rows, { condition: [[condition]] })).map((log) => Math.exp(log));
    const [first, second] = [density.subarray(0, 4000), density.subarray(4000, 8000)];
    const [alongFirst, alongSecond] = [mean(first), mean(second)].map((each) => 4000 * step * each) as [
      number,
      number,
    ];
    expect(Math.abs((alongFirst * alongSecond) / (density[8000] as number) - 1)).toBeLessThan(0.01);
    middles.push(mean(first.map((p, k) => p * (line[k] as number))) / mean(first));
  }
  await model.dispose();
  expect(Math.max(...middles) - Math.min(...middles)).toBeGreaterThan(0.2);
});

it("layers whose parameters depend on a condition start at the likelihood without it", async () => {
  const [{ c, y }, fresh] = [pairs(500, 6), pairs(50, 7)];
  const started = async (conditional: boolean): Promise<FlowModel> => {
    const flow = flowify(conditionalKinds(conditional));
    const given = conditional ? { condition: c } : {};
    return new FlowModel(flow, await initParams({ flow, executor, data: y, ...given }), executor);
  };
  const [plain, beside] = [await started(false), await started(true)];
  const alone = await plain.logProb(fresh.y);
  const given = await beside.logProb(fresh.y, { condition: fresh.c });
  alone.forEach((log, i) => expect(Math.abs((given[i] as number) - log)).toBeLessThan(1e-4));
  await plain.dispose();
  await beside.dispose();
});

it("samples of a conditional base lie around its mean, as near as the temperature says", async () => {
  const { c, y } = pairs(600, 8);
  const flow = flowify({
    inShape: [2],
    condition: { shape: [1] },
    base: { conditional: true, hidden: 8 },
    layers: [{ kind: "actnorm" }],
  });
  const model = await fit(flow, y, { ...settings, condition: c });
  const spread = async (temperature: number) => {
    const drawn = await model.sample(400, { condition: [[1.5]], seed: 4, temperature });
    const firsts = drawn.map(([v = 0]) => v);
    return { middle: mean(firsts), std: Math.sqrt(mean(firsts.map((v) => (v - mean(firsts)) ** 2))) };
  };
  const [whole, half] = [await spread(1), await spread(0.5)];
  expect(Math.abs(whole.middle - 1.5)).toBeLessThan(0.15);
  expect(half.std / whole.std).toBeCloseTo(0.5, 3);
  const [atMean = 9] = await model.encode([[whole.middle, 0]], { condition: [[1.5]] });
  expect(Math.abs(atMean)).toBeLessThan(0.1);
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
