import { jaxExecutor } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { averagePrecision } from "../../src/detect/average-precision.js";
import { combineScores, scaleOf, standardize } from "../../src/detect/combine.js";
import { neighboursOf } from "../../src/detect/neighbours.js";
import { normalQuantile } from "../../src/detect/normal-quantile.js";
import {
  findSpaces,
  mixedSpace,
  quantile,
  rankNormalSpace,
  robustSpace,
  standardSpace,
} from "../../src/detect/spaces.js";

const WIDTH = 3;
const normals = (seed: number, count: number): Float32Array => {
  const out = new Float32Array(count * WIDTH);
  makeRng(seed).fillNormal(out);
  return out;
};

/** Squared distances of a row to all others but one, in double precision. */
const distances = (rows: Float32Array, i: number, training: Float32Array, without = -1): number[] =>
  Array.from({ length: training.length / WIDTH }, (_, j) => j)
    .filter((j) => j !== without)
    .map((j) => [0, 1, 2].reduce((sum, c) => sum + (rows[i * WIDTH + c]! - training[j * WIDTH + c]!) ** 2, 0))
    .sort((a, b) => a - b);

describe("neighbours and kernels", () => {
  // more rows than a block on both sides, and a part of a block behind them
  const [training, rows] = [normals(1, 4200), normals(2, 300)];
  const options = { k: 5, bandwidth: 0.2 };
  const score = async (judged: Float32Array, own?: Int32Array) => {
    const near = await neighboursOf(jaxExecutor(), training, WIDTH, options);
    const found = await near.score(judged, own);
    await near.dispose();
    return found;
  };

  it.each([false, true])("are those of all pairs, without itself %s", async (itself) => {
    const judged = itself ? training.subarray(4000 * WIDTH) : rows;
    const own = itself ? Int32Array.from({ length: 200 }, (_, i) => 4000 + i) : undefined;
    const { distance, kernel } = await score(judged, own);
    expect(distance).toHaveLength(judged.length / WIDTH);
    for (const i of [0, 7, 99, 198, ...(itself ? [] : [255, 256, 299])]) {
      const squared = distances(judged, i, training, own?.[i]);
      expect(distance[i]).toBeCloseTo(Math.sqrt(squared[4]!), 4);
      const density = squared.reduce((sum, d) => sum + Math.exp(-d / (2 * 0.04)), 0) / squared.length;
      expect(kernel[i]).toBeCloseTo(-Math.log(density), 3);
    }
  });

  it("rise far away, where every kernel is 0 in float32", async () => {
    const { distance, kernel } = await score(Float32Array.of(10, 0, 0, 40, 0, 0));
    expect(kernel[1]! > kernel[0]! && Number.isFinite(kernel[1])).toBe(true);
    expect(distance[1]! > distance[0]!).toBe(true);
  });

  it.each([
    [{ k: 0, bandwidth: 1 }, "k = 0"],
    [{ k: 4200, bandwidth: 1 }, "k = 4200: expected a neighbour from 1 to 4199"],
    [{ k: 1, bandwidth: 0 }, "bandwidth 0"],
  ])("refuse %j", async (bad, message) => {
    await expect(neighboursOf(jaxExecutor(), training, WIDTH, bad)).rejects.toThrow(message);
  });

  it("need two rows", async () => {
    const one = neighboursOf(jaxExecutor(), training.subarray(0, WIDTH), WIDTH, { bandwidth: 1 });
    await expect(one).rejects.toThrow("1 reference rows: expected at least 2");
  });
});

describe("spaces", () => {
  const train = Float32Array.from({ length: 303 }, (_, i) => [i / 3 - 50, (i / 3 - 50) * 1e6, 7][i % 3]!);
  const spaces = findSpaces(train, WIDTH);

  it("scale columns by their middle half, clip them, and survive constant ones", () => {
    const rows = robustSpace(spaces, Float32Array.of(0, 25e6, 8, 1e9, -1e15, 7));
    expect(rows[1]).toBeCloseTo(25 / (50 / 1.349), 1);
    expect([...rows.subarray(2)]).toEqual([1, 8, -8, 0]);
  });

  it("scale columns by their moments", () => {
    const z = standardSpace(spaces, train);
    const second = Array.from({ length: 101 }, (_, i) => z[i * WIDTH + 1]!);
    expect(second.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 3);
    expect(second.reduce((a, b) => a + b * b, 0) / 101).toBeCloseTo(1, 5);
    expect(z[2]).toBe(0);
  });

  it("make every column normal by its ranks, and nothing beyond the values that were seen", () => {
    const z = rankNormalSpace(spaces, train);
    const first = Array.from({ length: 101 }, (_, i) => z[i * WIDTH]!).sort((a, b) => a - b);
    expect(first[50]).toBeCloseTo(0, 6);
    expect(quantile(first, 0.75) - quantile(first, 0.25)).toBeCloseTo(1.349, 1);
    expect(z.filter((_, i) => i % 3 === 2).every((value) => Math.abs(value) < 0.02)).toBe(true);
    const beyond = rankNormalSpace(spaces, Float32Array.of(1e9, -1e30, 8));
    expect([...beyond.subarray(0, 2)]).toEqual([first[100], z[1]]);
    const mixed = mixedSpace(spaces, train);
    expect(mixed[0]).toBeCloseTo((robustSpace(spaces, train)[0]! + z[0]!) / 2, 5);
  });

  it("keep ties at the middle of their ranks, and 256 quantiles of many values", () => {
    const tied = findSpaces(Float32Array.of(1, 1, 1, 2, 3, 3), 1);
    const z = rankNormalSpace(tied, Float32Array.of(1, 2, 3, 1.5));
    [2, 4, 5.5].forEach((rank, i) => {
      expect(z[i]).toBeCloseTo(normalQuantile(rank / 7), 6);
    });
    expect(z[3]).toBeCloseTo((z[0]! + z[1]!) / 2, 6);
    const many = Float32Array.from({ length: 5000 }, (_, i) => i);
    const ranks = rankNormalSpace(findSpaces(many, 1), many);
    many.forEach((value, i) => {
      expect(Math.abs(ranks[i]! - normalQuantile((value + 1) / 5001))).toBeLessThan(0.01);
    });
  });

  it.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.001, -3.090232306167813],
    [0.999, 3.090232306167813],
    [0.3, -0.5244005127080407],
  ])("know the quantile %d of a normal", (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 7);
  });
});

describe("a combination of scores", () => {
  it("does not depend on their units", () => {
    const training = [1, 2, 3, 4, 5, 9];
    const rows = [3, 4, 100];
    const part = { scores: rows, scale: scaleOf(training) };
    const scaled = {
      scores: rows.map((s) => 1000 * s + 7),
      scale: scaleOf(training.map((s) => 1000 * s + 7)),
    };
    const both = combineScores([part, scaled]);
    const once = combineScores([part]);
    both.forEach((score, i) => {
      expect(score).toBeCloseTo(2 * once[i]!, 9);
    });
    expect(combineScores([{ ...part, weight: 2 }])[2]).toBeCloseTo(both[2]!, 9);
    expect(once[2]! > once[1]! && once[1]! > once[0]!).toBe(true);
  });

  it("keeps order and sign, whatever the tails are", () => {
    const scale = scaleOf([0, 1, 2, 3, 4]);
    expect(standardize(scale, 2)).toBe(0);
    expect(standardize(scale, -1e9)).toBeCloseTo(-standardize(scale, 1e9 + 4), 6);
    expect(standardize(scaleOf([3, 3, 3]), 5)).toBeCloseTo(Math.log(3), 12);
  });
});

describe("average precision", () => {
  it.each([
    [[1, 2], [3, 4], 1],
    [[3, 4], [1, 2], (1 / 2) * (1 / 3) + (1 / 2) * (2 / 4)],
    [[1, 1], [1, 1], 0.5],
    [[1, 3], [2, 4], 0.5 * 1 + 0.5 * (2 / 3)],
  ])("of %j and %j is %d", (own, strange, wanted) => {
    expect(averagePrecision(own, strange)).toBeCloseTo(wanted, 12);
  });

  it("needs both sides", () => {
    expect(() => averagePrecision([], [1])).toThrow("got 0 and 1");
  });
});
