/** A row of values and numbers: its density sums and integrates to 1, its start knows the values, and it draws what it says. */
import { describe, expect, it } from "vitest";
import { fit, flowify, jaxExecutor, type Network } from "../../src/index.js";
import { makeRng } from "../../src/math/rng.js";
import { sum } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";

/** A number whose mean and spread follow from the sum of two values, which depend on each other: [a, x, b]. */
const MEANS = [-2, 3];
const STDS = [0.5, 1.5];
function drawn(seed: number, count: number): number[][] {
  const rng = makeRng(seed, 3);
  return Array.from({ length: count }, () => {
    const a = Number(rng.uniform() < 0.3);
    const b = rng.uniform() < 0.8 ? a : 2;
    return [a, MEANS[a]! + b + STDS[a]! * rng.normal(), b];
  });
}

/** log p of the law. */
function logLaw([a = 0, x = 0, b = 0]: number[]): number {
  const z = (x - MEANS[a]! - b) / STDS[a]!;
  const first = a === 1 ? 0.3 : 0.7;
  const second = b === a ? 0.8 : b === 2 ? 0.1 : 0; // two codes share 0.2
  return Math.log(first * second) - 0.5 * z * z - Math.log(STDS[a]! * Math.sqrt(2 * Math.PI));
}

/** The third value of b has not been seen, nor has b = 1 beside a = 0. */
const edges = [
  [-0.5, 0.5, 1.5],
  [-0.5, 0.5, 1.5, 3.5],
];
const network = (layers: Network["layers"]): Network => ({
  inShape: [3],
  layers: [{ kind: "mixedRow", columns: [0, 2], edges, layers }],
});
const lines = [{ kind: "conditionalAffine", hidden: 0 }, { kind: "whiten" }] as const;

const started = (layers: Network["layers"], rows = drawn(1, 4000)) => {
  usePrecision("float32");
  const options = { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 2 };
  return fit(flowify(network(layers)), rows, options);
};

/** Σ over the values of ∫ over the number, and over the width of what several codes share. */
async function massOf(model: Awaited<ReturnType<typeof started>>): Promise<number> {
  const step = 0.01;
  const grid = Array.from({ length: 4000 }, (_, i) => -20 + step * i);
  let mass = 0;
  for (const a of [0, 1])
    for (const b of [0, 1, 2, 3]) {
      const logs = await model.logProb(grid.map((x) => [a, x, b]));
      mass += step * sum(Array.from(logs, Math.exp));
    }
  return mass;
}

describe("mixedRow", () => {
  it("starts as the law where lines in the values are it, exactly, and sums to 1", async () => {
    const model = await started(lines);
    expect(model.flow.exact).toBe(true);
    const fresh = drawn(5, 3000);
    const mean = (logs: ArrayLike<number>): number => sum(Array.from(logs)) / logs.length;
    const loss = mean(fresh.map(logLaw)) - mean(await model.logProb(fresh));
    expect(loss).toBeGreaterThan(-0.01);
    expect(loss).toBeLessThan(0.02);
    expect(Math.abs((await massOf(model)) - 1)).toBeLessThan(0.005);
    await model.dispose();
  });

  it("counts values in more examples than other layers start from", async () => {
    usePrecision("float32");
    const options = { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 2, initExamples: 60 };
    const model = await fit(flowify(network(lines)), drawn(1, 6000), options);
    const fresh = drawn(5, 3000);
    const mean = (logs: ArrayLike<number>): number => sum(Array.from(logs)) / logs.length;
    // of 60 examples, five probabilities and six numbers cost about 11 / 120
    expect(mean(fresh.map(logLaw)) - mean(await model.logProb(fresh))).toBeLessThan(0.02);
    await model.dispose();
  });

  it("has probabilities of values: noise on a code within its edges changes nothing", async () => {
    const model = await started(lines);
    const [plain, noisy] = await Promise.all([model.logProb([[0, 1, 2]]), model.logProb([[0.4, 1, 1.6]])]);
    expect(noisy[0]).toBe(plain[0]);
    await model.dispose();
  });

  it("mixtures start with weights that follow from the values, and sum to 1", async () => {
    const model = await started([{ kind: "gaussianMixture", components: 4, kept: 0 }]);
    const without = await started([{ kind: "whiten" }, { kind: "affine" }]);
    const fresh = drawn(6, 2000);
    const logs = await Promise.all([model.logProb(fresh), without.logProb(fresh)]);
    const [own = 0, other = 0] = logs.map((each) => sum(Array.from(each)) / each.length);
    expect(own).toBeGreaterThan(other + 0.5);
    expect(Math.abs((await massOf(model)) - 1)).toBeLessThan(0.005);
    for (const each of [model, without]) await each.dispose();
  });

  it("has probabilities of places in a cycle, and sums to 1: some days of the week are rare, others by a value", async () => {
    usePrecision("float32");
    const [period, gap, origin] = [7, 0.5, 3];
    const shares = [
      [0.3, 0.3, 0.3, 0.1, 0, 0, 0],
      [0, 0, 0, 0, 0, 0.5, 0.5],
    ];
    /** [a, x], x on a grid with noise; weeks are two to five, all alike. */
    const weeks = (seed: number, count: number): number[][] => {
      const rng = makeRng(seed, 4);
      return Array.from({ length: count }, () => {
        const a = Number(rng.uniform() < 0.3);
        let place = 0;
        for (let left = rng.uniform() - shares[a]![0]!; left > 0; left -= shares[a]![place]!) place++;
        const steps = period * (2 + rng.integer(4)) + place;
        return [a, origin + gap * (steps + rng.uniform() - 0.5)];
      });
    };
    const placeOf = (x: number): number => Math.round((x - origin) / gap) % period;
    const density = ([a = 0, x = 0]: number[]): number =>
      Math.log((a === 1 ? 0.3 : 0.7) * shares[a]![placeOf(x)]!) - Math.log(4 * gap);
    const of: Network = {
      inShape: [2],
      layers: [
        {
          kind: "mixedRow",
          cycles: [[1, period, gap, origin]],
          columns: [0, 2],
          edges: [[-0.5, 0.5, 1.5], Array.from({ length: period + 1 }, (_, k) => k - 0.5)],
          layers: [{ kind: "marginal", bins: 32 }],
        },
      ],
    };
    const options = { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 2 };
    const model = await fit(flowify(of), weeks(1, 4000), options);
    expect(model.flow.exact).toBe(true);
    const fresh = weeks(2, 2000);
    const logs = await model.logProb(fresh);
    const loss = sum(fresh.map((row, i) => density(row) - logs[i]!)) / fresh.length;
    expect(loss).toBeGreaterThan(-0.01);
    expect(loss).toBeLessThan(0.05);
    const step = 0.01;
    const grid = Array.from({ length: 6000 }, (_, i) => -15 + step * i);
    let mass = 0;
    for (const a of [0, 1])
      mass += step * sum(Array.from(await model.logProb(grid.map((x) => [a, x])), Math.exp));
    expect(Math.abs(mass - 1)).toBeLessThan(0.005);
    const samples = await model.sample(1000, { seed: 3 });
    const impossible = samples.filter(([a = 0, x = 0]) => !shares[Math.round(a)]?.[placeOf(x)]);
    expect(impossible.length).toBeLessThan(10);
    await model.dispose();
  });

  it("learns values with a network, and still sums to 1", async () => {
    usePrecision("float32");
    const made = flowify({
      inShape: [3],
      layers: [{ kind: "mixedRow", columns: [0, 2], edges, hidden: 8, layers: lines }],
    });
    const model = await fit(made, drawn(1, 500), { steps: 60, executor: jaxExecutor(), seed: 2 });
    expect(Math.abs((await massOf(model)) - 1)).toBeLessThan(0.005);
    await model.dispose();
  });

  it("within another has values that depend on the others as well, sums to 1, and draws what it says", async () => {
    const inner: Network["layers"] = [
      { kind: "mixedRow", columns: [1], edges: edges.slice(1), given: [2], layers: lines },
    ];
    const made = flowify({
      inShape: [3],
      layers: [{ kind: "mixedRow", columns: [0], edges: edges.slice(0, 1), layers: inner }],
    });
    const options = { steps: 1, learningRate: 1e-9, executor: jaxExecutor(), seed: 2 };
    const model = await fit(made, drawn(1, 4000), options);
    const fresh = drawn(5, 3000);
    const logs = await model.logProb(fresh);
    const loss = sum(fresh.map((row, i) => logLaw(row) - logs[i]!)) / fresh.length;
    expect(loss).toBeGreaterThan(-0.01);
    expect(loss).toBeLessThan(0.02);
    expect(Math.abs((await massOf(model)) - 1)).toBeLessThan(0.005);
    const samples = await model.sample(3000, { seed: 3 });
    const own = await model.logProb(samples);
    const gap = sum(Array.from(own)) / own.length - sum(Array.from(logs)) / logs.length;
    expect(Math.abs(gap)).toBeLessThan(0.1);
    expect(
      samples.filter(([a = 0, , b = 0]) => Math.round(a) === 0 && Math.round(b) === 1).length,
    ).toBeLessThan(9);
    await model.dispose();
  });

  it("draws values, and numbers given them", async () => {
    const model = await started(lines);
    const rows = await model.sample(4000, { seed: 3 });
    const kinds = rows.map(([a = 0, x = 0, b = 0]) => ({
      a: Math.round(a),
      b: Math.min(2, Math.round(b)),
      x,
    }));
    const of = (a: number, b: number): number[] =>
      kinds.flatMap((k) => (k.a === a && k.b === b ? [k.x] : []));
    expect(of(0, 0).length / 4000).toBeCloseTo(0.7 * 0.8, 1);
    expect(of(0, 1).length).toBeLessThan(10);
    for (const [a, b] of [
      [0, 0],
      [0, 2],
      [1, 1],
    ] as const) {
      const xs = of(a, b);
      const mean = sum(xs) / xs.length;
      expect(Math.abs(mean - MEANS[a]! - b)).toBeLessThan(0.2);
      const std = Math.sqrt(sum(xs.map((x) => (x - mean) ** 2)) / xs.length);
      expect(Math.abs(std / STDS[a]! - 1)).toBeLessThan(0.15);
    }
    await model.dispose();
  });
});
