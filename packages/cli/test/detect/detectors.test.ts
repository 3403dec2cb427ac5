import { jaxExecutor } from "@flowify/core";
import { normalQuantile } from "@flowify/core/internal";
import { makeRng } from "@flowify/core/layer";
import { numpy as np } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { rowProgram } from "../../src/detect/batches.js";
import { combined, type Scales, scaleOf, standardize } from "../../src/detect/combine.js";
import {
  compare,
  kernelScore,
  neighbourScore,
  referenceParts,
  sharedRows,
} from "../../src/detect/compare.js";
import { neighbourDistances } from "../../src/detect/knn.js";
import {
  beyondRange,
  findSpaces,
  mixedSpace,
  rankNormalSpace,
  robustSpace,
  type Space,
  type Spaces,
  spaceArrays,
  standardSpace,
} from "../../src/detect/spaces.js";
import { quantile } from "../../src/statistics.js";

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

const BANDWIDTH = 0.2;

/** Rows as they are compared: coordinates are multiples of 1/64 of the kernels' width. */
const onGrid = (rows: Float32Array, bandwidth: number): Float32Array => {
  const perStep = 64 / bandwidth;
  return rows.map((value) => Math.floor(Math.fround(Math.fround(value * perStep) + 0.5)) / perStep);
};

/** Kernel densities and distances to neighbours in parts of `size` rows. */
async function compareWith(training: Float32Array, rows: Float32Array, size: number) {
  const constants = [...referenceParts(training, WIDTH, BANDWIDTH, size)];
  const f = (reference: np.Array[], x: np.Array) => {
    const [one, other] = [x.ref, x].map((each) => compare(each, BANDWIDTH, reference));
    return {
      kernel: kernelScore(one!, training.length / WIDTH),
      distance: neighbourScore(other!, BANDWIDTH),
    };
  };
  const program = rowProgram(jaxExecutor(), { constants, f: f }, WIDTH, "compare");
  const found = await program.run(rows);
  await program.dispose();
  return found as { kernel: Float32Array; distance: Float32Array };
}

describe("neighbours and kernels", () => {
  // more rows than a batch on both sides, and a part of a batch behind them
  const [training, rows] = [normals(1, 1500), normals(2, 600)];

  it.each([false, true])("are those of all pairs, without itself %s", async (itself) => {
    const judged = itself ? training.subarray(900 * WIDTH) : rows;
    const { distance, kernel } = await compareWith(training, judged, 300);
    expect(distance).toHaveLength(600);
    const [near, all] = [onGrid(judged, BANDWIDTH), onGrid(training, BANDWIDTH)];
    for (const i of [0, 7, 99, 512, 599]) {
      const squared = distances(near, i, all, itself ? 900 + i : -1);
      const density = squared.reduce((sum, d) => sum + Math.exp(-d / (2 * 0.04)), 0) / squared.length;
      expect(kernel[i]).toBeCloseTo(-Math.log(density), 3);
      const parts = [0, 1, 2, 3, 4].map((part) => {
        const own = all.subarray(part * 300 * WIDTH, (part + 1) * 300 * WIDTH);
        return Math.sqrt(distances(near, i, own, itself ? 900 + i - part * 300 : -1)[0]!);
      });
      expect(distance[i]).toBeCloseTo(parts.reduce((a, b) => a + b) / 5, 4);
    }
  });

  it("count all equal rows but the row itself", async () => {
    const three = Float32Array.from([1, 2, 3, ...normals(3, 99), 1, 2, 3, 1, 2, 3]);
    const { kernel, distance } = await compareWith(three, Float32Array.of(1, 2, 3), 51);
    const others = distances(Float32Array.of(1, 2, 3), 0, three, 0);
    const density = others.reduce((sum, d) => sum + Math.exp(-d / (2 * 0.04)), 0) / 101;
    expect(kernel[0]).toBeCloseTo(-Math.log(density), 3);
    expect(distance[0]).toBe(0);
  });

  it("rise far away, where every kernel is 0 in float32", async () => {
    const { kernel, distance } = await compareWith(training, Float32Array.of(10, 0, 0, 40, 0, 0), 300);
    expect(kernel[1]! > kernel[0]! && Number.isFinite(kernel[1])).toBe(true);
    expect(distance[1]! > distance[0]!).toBe(true);
  });
});

describe("neighbours and kernels of rows that a network computes", () => {
  const [training, rows] = [normals(1, 1500), normals(2, 600)];
  const computed = async (judged: Float32Array) => {
    const constants = [...referenceParts(training, WIDTH, BANDWIDTH, 1500)];
    const f = (reference: np.Array[], x: np.Array) => {
      const found = compare(x, BANDWIDTH, reference, { group: 300, computed: true });
      return { distance: neighbourScore(sharedRows(found), BANDWIDTH), kernel: kernelScore(found, 1500) };
    };
    const program = rowProgram(jaxExecutor(), { constants, f }, WIDTH, "compare");
    const found = await program.run(judged);
    await program.dispose();
    return found as { kernel: Float32Array; distance: Float32Array };
  };

  it("are those of all pairs, in groups of one part", async () => {
    const { distance, kernel } = await computed(rows);
    const all = onGrid(training, BANDWIDTH);
    for (const i of [0, 7, 99, 512, 599]) {
      const squared = distances(rows, i, all);
      const density = squared.reduce((sum, d) => sum + Math.exp(-d / (2 * 0.04)), 0) / squared.length;
      expect(kernel[i]).toBeCloseTo(-Math.log(density), 4);
      const groups = [0, 1, 2, 3, 4].map((group) =>
        Math.sqrt(distances(rows, i, all.subarray(group * 300 * WIDTH, (group + 1) * 300 * WIDTH))[0]!),
      );
      expect(distance[i]).toBeCloseTo(groups.reduce((a, b) => a + b) / 5, 4);
    }
  });

  it("do not jump where a number lies between two steps, as rows of a table do", async () => {
    // half a step, and a little to both sides of it
    const half = Float32Array.from({ length: 30 * WIDTH }, (_, i) => ((i + 0.5) * BANDWIDTH) / 64);
    const [below, above] = [half.map((v) => v * (1 - 1e-6)), half.map((v) => v * (1 + 1e-6))];
    const most = ([a, b]: readonly { kernel: Float32Array }[]) =>
      Math.max(...a!.kernel.map((v, i) => Math.abs(v - b!.kernel[i]!)));
    expect(most([await computed(below), await computed(above)])).toBeLessThan(1e-4);
    const tables = [await compareWith(training, below, 300), await compareWith(training, above, 300)];
    expect(most(tables)).toBeGreaterThan(1e-3);
  });

  it("count a row that was trained on as any other", async () => {
    const own = onGrid(training.subarray(0, 20 * WIDTH), BANDWIDTH);
    const [known, table] = [await computed(own), await compareWith(training, own, 300)];
    own.slice(0, 20).forEach((_, i) => {
      expect(known.kernel[i]).toBeCloseTo(table.kernel[i]!, 4);
      expect(known.distance[i]).toBeCloseTo(table.distance[i]!, 4);
    });
  });
});

describe("the distance to the fifth neighbour", () => {
  const training = normals(1, 700);

  it("is that of all pairs in standardized columns, without the row itself", async () => {
    const { mean, std } = findSpaces(training, WIDTH);
    const z = training.map((value, i) => (value - mean[i % WIDTH]!) / std[i % WIDTH]!);
    const found = await neighbourDistances(jaxExecutor(), training, training.subarray(0, 60), WIDTH);
    const near = onGrid(z, 0.1);
    for (const i of [0, 7, 19]) expect(found[i]).toBeCloseTo(Math.sqrt(distances(near, i, near, i)[4]!), 4);
  });
});

/** Rows in a space. */
async function inSpace(space: Space, spaces: Spaces, rows: Float32Array): Promise<Float32Array> {
  const f = (arrays: never, x: np.Array) => ({ z: space(arrays, x) });
  const program = rowProgram(jaxExecutor(), { constants: spaceArrays(spaces), f }, spaces.width, "z");
  const { z } = await program.run(rows);
  await program.dispose();
  return z!;
}

describe("spaces", () => {
  const train = Float32Array.from({ length: 303 }, (_, i) => [i / 3 - 50, (i / 3 - 50) * 1e6, 7][i % 3]!);
  const spaces = findSpaces(train, WIDTH);

  it("scale columns by their middle half, clip them, and survive constant ones", async () => {
    const rows = await inSpace(robustSpace, spaces, Float32Array.of(0, 25e6, 8, 1e9, -1e15, 7));
    expect(rows[1]).toBeCloseTo(25 / (50 / 1.349), 1);
    expect([...rows.subarray(2)]).toEqual([1, 8, -8, 0]);
  });

  it("hold a value that no training row has for as odd as one that a single row has", async () => {
    const codes = (held: number) =>
      findSpaces(
        Float32Array.from({ length: 400 }, (_, i) => Number(i < held)),
        1,
      );
    expect(codes(0).spread[0]).toBeCloseTo(codes(1).spread[0]!, 3);
    for (const held of [0, 1])
      expect((await inSpace(robustSpace, codes(held), Float32Array.of(1)))[0]).toBe(8);
    expect(codes(0).high[0]).toBe(1);
  });

  it("scale columns by their moments", async () => {
    const z = await inSpace(standardSpace, spaces, train);
    const second = Array.from({ length: 101 }, (_, i) => z[i * WIDTH + 1]!);
    expect(second.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 3);
    expect(second.reduce((a, b) => a + b * b, 0) / 101).toBeCloseTo(1, 5);
    expect(z[2]).toBe(0);
  });

  it("make every column normal by its ranks, and nothing beyond the values that were seen", async () => {
    const z = await inSpace(rankNormalSpace, spaces, train);
    const first = Array.from({ length: 101 }, (_, i) => z[i * WIDTH]!).sort((a, b) => a - b);
    expect(first[50]).toBeCloseTo(0, 6);
    expect(quantile(first, 0.75) - quantile(first, 0.25)).toBeCloseTo(1.349, 1);
    expect(z.filter((_, i) => i % 3 === 2).every((value) => Math.abs(value) < 0.02)).toBe(true);
    const beyond = await inSpace(rankNormalSpace, spaces, Float32Array.of(1e9, -1e30, 8));
    expect([...beyond.subarray(0, 2)]).toEqual([first[100], z[1]]);
    const mixed = await inSpace(mixedSpace, spaces, train);
    const robust = await inSpace(robustSpace, spaces, train);
    expect(mixed[0]).toBeCloseTo((robust[0]! + z[0]!) / 2, 5);
  });

  it("keep ties at the middle of their ranks, and 256 quantiles of many values", async () => {
    const tied = findSpaces(Float32Array.of(1, 1, 1, 2, 3, 3), 1);
    const z = await inSpace(rankNormalSpace, tied, Float32Array.of(1, 2, 3, 1.5));
    [2, 4, 5.5].forEach((rank, i) => {
      expect(z[i]).toBeCloseTo(normalQuantile(rank / 7), 6);
    });
    expect(z[3]).toBeCloseTo((z[0]! + z[1]!) / 2, 6);
    const many = Float32Array.from({ length: 5000 }, (_, i) => i);
    const ranks = await inSpace(rankNormalSpace, findSpaces(many, 1), many);
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

describe("values beyond their range", () => {
  it("count by how far they are, and codes do not", async () => {
    const known = Float32Array.from([...Array(101).keys()].flatMap((i) => [i, 0]));
    const reach: Space = (arrays, x) => beyondRange(arrays, x).reshape([-1, 1]);
    const rows = Float32Array.of(50, 0, 100, 1, 110, 0, 300, 0, -50, 1, 50, 2);
    const found = await inSpace(reach, findSpaces(known, 2), rows);
    [0, 0, 0, 3.75, 0.75, 0.75].forEach((wanted, i) => {
      expect(found[i]).toBeCloseTo(wanted, 5);
    });
  });
});

describe("a combination of scores", () => {
  const training = Float32Array.from({ length: 101 }, (_, i) => i - 50);
  const scale = scaleOf(training, 1);
  const scales: Scales = { flow: scale, robust: scale, mixed: scale, neighbours: { ...scale, weight: 0 } };
  const of = (...values: number[]): np.Array => np.array(values);
  const together = (parts: Readonly<Record<string, number[]>>, own = scales) =>
    combined(
      Object.entries(parts).map(([name, values]) => ({ name: name as "flow", scores: of(...values) })),
      own,
    ).dataSync() as Float32Array;

  it("does not depend on their units", () => {
    const scaled = {
      ...scales,
      robust: scaleOf(
        training.map((score) => 1000 * score + 7),
        1,
      ),
    };
    const found = together({ flow: [3, 40, 900], robust: [3007, 40_007, 900_007] }, scaled);
    const twice = together({ flow: [3, 40, 900], robust: [3, 40, 900] });
    found.forEach((score, i) => {
      expect(score).toBeCloseTo(twice[i]!, 5);
    });
    expect(found[2]! > found[1]! && found[1]! > found[0]!).toBe(true);
  });

  it("adds what the surest part has beyond its usual scores", () => {
    const [usual, sure] = together({ flow: [0, 0], robust: [10, 10], neighbours: [0, 2000] });
    const t = (standardize(scale, of(2000)).dataSync() as Float32Array)[0]!;
    expect(sure! - usual!).toBeCloseTo((t - scale.sure) / 2, 5);
    const weighed = { ...scales, flow: { ...scale, weight: 2 }, robust: { ...scale, weight: 0.5 } };
    const own = (robust: number): number => together({ flow: [10], robust: [robust] }, weighed)[0]!;
    expect(own(10) - own(0)).toBeCloseTo((0.5 / 2) * Math.log1p((10 * 1.349) / 50), 5);
    const far = { ...scales, neighbours: { ...scale, weight: 4 } };
    expect(together({ flow: [0], neighbours: [10] }, far)[0]).toBeCloseTo(
      4 * Math.log1p((10 * 1.349) / 50),
      5,
    );
  });

  it("keeps order and sign, whatever the tails are", () => {
    const five = scaleOf([0, 1, 2, 3, 4], 1);
    const [zero, low, high] = standardize(five, of(2, -1e9, 1e9)).dataSync() as Float32Array;
    expect(zero).toBe(0);
    expect(low).toBeCloseTo(-high!, 6);
    expect((standardize(scaleOf([3, 3, 3], 1), of(5)).dataSync() as Float32Array)[0]).toBeCloseTo(
      Math.log(3),
    );
  });
});
