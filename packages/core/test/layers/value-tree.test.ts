/** A tree of values: its probabilities sum to 1, its start finds who depends on whom, and it draws what it says. */
import { random } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { FlowModel, fit, flow, jaxExecutor } from "../../src/index.js";
import { valueTree } from "../../src/layers/value-tree.js";
import { makeRng } from "../../src/math/rng.js";
import { sum } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { takeToHost } from "../../src/train/state.js";
import { examplesOf } from "../support/arrays.js";

/** The last of three columns follows the first, of values 10 and 12; the second is of its own. */
const N = 4000;
const rng = makeRng(8);
const rows = Float32Array.from(
  Array.from({ length: N }, () => {
    const a = Number(rng.uniform() < 0.3);
    return [a, Math.floor(3 * rng.uniform()), 10 + 2 * (rng.uniform() < 0.9 ? a : 1 - a)];
  }).flat(),
);

async function started(steps?: number[]): Promise<FlowModel> {
  usePrecision("float32");
  const layer = valueTree([3], {
    edges: [
      [-0.5, 0.5, 1.5],
      [-0.5, 0.5, 1.5, 2.5],
      [9, 11, 13],
    ],
    ...(steps && { steps }),
  });
  const params = await takeToHost([await layer.initFromData!(random.key(1), examplesOf(rows, N, [3]))]);
  return new FlowModel(flow([layer]), params, jaxExecutor());
}

describe("valueTree", () => {
  it("has the probabilities of the law, which sum to 1, wherever noise is within a step", async () => {
    const model = await started();
    const all = Array.from({ length: 12 }, (_, i) => [
      i % 2,
      Math.floor(i / 2) % 3,
      10 + 2 * Math.floor(i / 6),
    ]);
    const noisy = all.map(([a, b, c]) => [a! + 0.4, b! - 0.45, c! + 0.9]);
    // a density, of steps of 1, 1 and 2
    const probabilities = (await model.logProb(noisy)).map((log) => 2 * Math.exp(log));
    expect(sum(Array.from(probabilities))).toBeCloseTo(1, 4);
    for (const [i, [a, , c]] of all.entries()) {
      const same = a === (c! - 10) / 2;
      const law = (a === 1 ? 0.3 : 0.7) * (1 / 3) * (same ? 0.9 : 0.1);
      expect(Math.abs(probabilities[i]! - law)).toBeLessThan(0.02);
    }
    const inSteps = await started([1, 1, 2]);
    expect(sum(Array.from((await inSteps.logProb(noisy)).map(Math.exp)))).toBeCloseTo(1, 4);
    await inSteps.dispose();
    const [outside = 0] = await model.logProb([[2, 0, 10]]);
    expect(outside).toBeLessThan(-5000);
    await model.dispose();
  });

  it("with a network learns what a tree cannot have: a value that follows from two others, and sums to 1", async () => {
    usePrecision("float32");
    const own = makeRng(9);
    const flip = () => Number(own.uniform() < 0.5);
    const drawn = Array.from({ length: 3000 }, () => {
      const [a, b] = [flip(), flip()];
      return [a, b, own.uniform() < 0.95 ? (a + b) % 2 : flip()];
    });
    const edges = [
      [-0.5, 0.5, 1.5],
      [-0.5, 0.5, 1.5],
      [-0.5, 0.5, 1.5, 3.5],
    ];
    const made = flow([valueTree([3], { edges, hidden: 16 })]);
    const model = await fit(made, drawn, {
      steps: 300,
      learningRate: 0.02,
      executor: jaxExecutor(),
      seed: 3,
    });
    const logs = await model.logProb(drawn);
    const entropy = 2 * Math.log(2) - 0.975 * Math.log(0.975) - 0.025 * Math.log(0.025);
    expect(sum(Array.from(logs)) / drawn.length).toBeGreaterThan(-entropy - 0.05); // a tree has −3 log 2
    const all = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c])));
    expect(sum(Array.from(await model.logProb(all), Math.exp))).toBeCloseTo(1, 4);
    const rows = await model.sample(3000, { seed: 4 });
    const right = rows.filter(
      ([a = 0, b = 0, c = 0]) => Math.round(c) === (Math.round(a) + Math.round(b)) % 2,
    );
    expect(right.length / 3000).toBeGreaterThan(0.95);
    await model.dispose();
  });

  it("with contexts starts with a value that follows from two others, and draws it", async () => {
    usePrecision("float32");
    const own = makeRng(10);
    const count = 2000;
    // the first column follows from the last two
    const drawn = Array.from({ length: count }, () => {
      const [b, c] = [Math.floor(3 * own.uniform()), Math.floor(3 * own.uniform())];
      return [own.uniform() < 0.9 ? (b + c) % 3 : Math.floor(3 * own.uniform()), b, c];
    });
    const steps = [-0.5, 0.5, 1.5, 2.5];
    const layer = valueTree([3], { edges: [steps, steps, steps], contexts: 9 });
    const rows = Float32Array.from(drawn.flat());
    const begun = await layer.initFromData!(random.key(1), examplesOf(rows, count, [3]));
    const model = new FlowModel(flow([layer]), await takeToHost([begun]), jaxExecutor());
    const p = 0.9 + 0.1 / 3;
    const entropy = 2 * Math.log(3) - p * Math.log(p) - (1 - p) * Math.log((1 - p) / 2);
    const mean = sum(Array.from(await model.logProb(drawn))) / count;
    expect(Math.abs(mean + entropy)).toBeLessThan(0.06); // a tree has −3 log 3, 0.8 less
    const all = [0, 1, 2].flatMap((a) => [0, 1, 2].flatMap((b) => [0, 1, 2].map((c) => [a, b, c])));
    expect(sum(Array.from(await model.logProb(all), Math.exp))).toBeCloseTo(1, 4);
    const samples = await model.sample(3000, { seed: 4 });
    const right = samples.filter(
      ([a = 0, b = 0, c = 0]) => Math.round(a) === (Math.round(b) + Math.round(c)) % 3,
    );
    expect(Math.abs(right.length / 3000 - p)).toBeLessThan(0.02);
    await model.dispose();
  });

  it("draws values along the tree, with noise", async () => {
    const model = await started();
    const drawn = await model.sample(6000, { seed: 2 });
    const values = drawn.map(([a = 0, b = 0, c = 0]) => [
      Math.round(a),
      Math.round(b),
      (Math.round(c / 2) * 2 - 10) / 2,
    ]);
    const share = (holds: (row: number[]) => boolean): number => values.filter(holds).length / 6000;
    expect(share(([a]) => a === 1)).toBeCloseTo(0.3, 1);
    expect(share(([a, , c]) => a === c)).toBeCloseTo(0.9, 1);
    expect(share(([, b]) => b === 2)).toBeCloseTo(1 / 3, 1);
    expect(drawn.filter(([a = 0]) => a === Math.round(a)).length).toBeLessThan(10);
    await model.dispose();
  });
});
