/** Classes of values: its probabilities sum to 1, its start finds the classes, and it draws what it says. */
import { random } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { FlowModel, flow, jaxExecutor } from "../../src/index.js";
import { valueClasses } from "../../src/layers/value-classes.js";
import { valueTree } from "../../src/layers/value-tree.js";
import { makeRng } from "../../src/math/rng.js";
import { sum } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";
import { takeToHost } from "../../src/train/state.js";
import { examplesOf } from "../support/arrays.js";

beforeAll(() => usePrecision("float32"));

/** Five columns, each 1 with a probability of 0.9 in one class of rows, and of 0.2 in the other, which has a third of them. */
const [WIDTH, N] = [5, 3000];
const SHARES = [0.9, 0.2] as const;
function rows(seed: number): Float32Array {
  const rng = makeRng(seed);
  const data = new Float32Array(N * WIDTH);
  for (let r = 0; r < N; r++) {
    const share = SHARES[rng.uniform() < 2 / 3 ? 0 : 1];
    for (let c = 0; c < WIDTH; c++) data[r * WIDTH + c] = Number(rng.uniform() < share);
  }
  return data;
}

const edges = Array.from({ length: WIDTH }, () => [-0.5, 0.5, 1.5]);
const all = Array.from({ length: 2 ** WIDTH }, (_, i) =>
  Array.from({ length: WIDTH }, (_v, c) => (i >> c) % 2),
);

/** P(row) by the law: only the number of ones counts. */
const lawOf = (row: readonly number[]): number => {
  const ones = sum(row);
  const of = (share: number): number => share ** ones * (1 - share) ** (WIDTH - ones);
  return (2 / 3) * of(SHARES[0]) + (1 / 3) * of(SHARES[1]);
};

async function started(layer: ReturnType<typeof valueClasses> | ReturnType<typeof valueTree>) {
  const data = examplesOf(rows(1), N, [WIDTH]);
  const params = await takeToHost([await layer.initFromData!(random.key(1), data)]);
  return new FlowModel(flow([layer]), params, jaxExecutor());
}

describe("valueClasses", () => {
  it("has the probabilities of the law, which sum to 1, wherever noise is within a step; a tree has not", async () => {
    const model = await started(valueClasses([WIDTH], { edges, classes: 2 }));
    const noisy = all.map((row) => row.map((v, c) => v + 0.4 - 0.2 * c));
    const logs = await model.logProb(noisy);
    expect(sum(Array.from(logs, Math.exp))).toBeCloseTo(1, 4);
    for (const [i, row] of all.entries())
      expect(Math.abs(Math.exp(logs[i]!) - lawOf(row))).toBeLessThan(0.02);
    const tree = await started(valueTree([WIDTH], { edges }));
    const gains = (await tree.logProb(noisy)).map((log, i) => lawOf(all[i]!) * (logs[i]! - log));
    expect(sum(Array.from(gains))).toBeGreaterThan(0.1);
    const [outside = 0] = await model.logProb([[2, 0, 0, 0, 0]]);
    expect(outside).toBeLessThan(-5000);
    await model.dispose();
    await tree.dispose();
  });

  it("draws rows as often as their probability says", async () => {
    const model = await started(valueClasses([WIDTH], { edges, classes: 3 }));
    const drawn = await model.sampleFlat(4000);
    const counts = new Float64Array(all.length);
    for (let r = 0; r < drawn.length; r += WIDTH) {
      const row = drawn.subarray(r, r + WIDTH);
      expect(row.every((v) => Math.abs(v - Math.round(v)) <= 0.5 && v > -0.5 && v < 1.5)).toBe(true);
      counts[row.reduce((place, v, c) => place + 2 ** c * Math.round(v), 0)]!++;
    }
    const logs = await model.logProb(all);
    for (const [i, log] of logs.entries())
      expect(Math.abs(counts[i]! / 4000 - Math.exp(log))).toBeLessThan(0.025);
    await model.dispose();
  });
});
