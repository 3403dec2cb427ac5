import { numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { calibrationData } from "../../src/init/calibration-data.js";
import { columnMoments, rowMoments } from "../../src/init/moments.js";
import { principalDirections } from "../../src/init/principal.js";
import { makeRng } from "../../src/math/rng.js";
import { HostArray } from "../../src/params/host-array.js";
import { sum } from "../../src/testing/plain.js";
import { usePrecision } from "../../src/testing/prepare.js";

beforeAll(() => usePrecision("float32"));

const [COUNT, N] = [700, 4];

/** Correlated columns of uneven size, one of them constant and far from zero. */
const data = (() => {
  const rng = makeRng(3);
  return Float32Array.from(
    { length: COUNT * N },
    (_, i) => [1, 30, 1e-3, 0][i % N]! * rng.normal() + 1000 * Number(i % N === 3),
  );
})();
const column = (j: number): number[] => Array.from({ length: COUNT }, (_, i) => data[i * N + j] as number);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const examples = (atOnce: number) => calibrationData(new HostArray(data, [COUNT, N], np.float32), { atOnce });

describe.each([COUNT, 128, 1])("moments of rows, %i at a time", (atOnce) => {
  it("columns: mean and log-std", async () => {
    const found = await columnMoments(examples(atOnce));
    for (let j = 0; j < N; j++) {
      const values = column(j);
      const variance = mean(values.map((v) => (v - mean(values)) ** 2));
      expect(found.mean[j]).toBeCloseTo(mean(values), 5);
      expect(found.logStd[j]).toBeCloseTo(0.5 * Math.log(Math.max(variance, 1e-12)), 5);
    }
  });

  it("rows: mean and covariance", async () => {
    const { mean: centre, covariance } = await rowMoments(examples(atOnce));
    for (let i = 0; i < N; i++) {
      expect(Math.abs((centre[i] as number) - mean(column(i)))).toBeLessThan(1e-5 * (1 + mean(column(i))));
      for (let j = 0; j < N; j++) {
        const [a, b] = [column(i), column(j)];
        const [ma, mb] = [mean(a), mean(b)];
        const expected = mean(a.map((v, k) => (v - ma) * ((b[k] as number) - mb)));
        const size = Math.sqrt(mean(a.map((v) => (v - ma) ** 2)) * mean(b.map((v) => (v - mb) ** 2)));
        expect(Math.abs((covariance.data[i * N + j] as number) - expected)).toBeLessThan(1e-5 * size + 1e-9);
      }
    }
  });
});

it("examples can be gone through twice, mapped with the same noise, and held", async () => {
  const noise = { shape: [N], distribution: "normal" } as const;
  const moved = examples(300).map([N], (part, drawn) => part.mul(2).add(drawn as np.Array), {
    noise,
    seed: 5,
  });
  const all = async (of: typeof moved): Promise<number[]> => {
    const found: number[] = [];
    for await (const part of of.parts()) found.push(...part);
    return found;
  };
  const once = await all(moved);
  expect(once).toHaveLength(COUNT * N);
  expect(once[0]).not.toBe(2 * (data[0] as number));
  expect(await all(moved)).toEqual(once);
  expect(await all(await moved.held())).toEqual(once);
});

it("principal directions: least variance first, orthonormal, skewed to the positive side", async () => {
  const rng = makeRng(6);
  const skewed = Float32Array.from({ length: COUNT * N }, (_, i) => (1 + (i % N)) * -(rng.uniform() ** 3));
  const rows = calibrationData(new HostArray(skewed, [COUNT, N], np.float32), { atOnce: 128 });
  const { mean: centre, directions, std } = await principalDirections(rows);
  const column = (j: number): number[] =>
    Array.from({ length: N }, (_, i) => directions.data[i * N + j] as number);
  const project = (j: number): number[] =>
    Array.from({ length: COUNT }, (_, k) =>
      sum(column(j).map((d, i) => d * ((skewed[k * N + i] as number) - (centre[i] as number)))),
    );
  for (let j = 0; j < N; j++) {
    for (let k = 0; k < N; k++)
      expect(sum(column(j).map((d, i) => d * (column(k)[i] as number)))).toBeCloseTo(j === k ? 1 : 0, 9);
    const along = project(j);
    expect(Math.sqrt(mean(along.map((v) => v * v)))).toBeCloseTo(std[j] as number, 4);
    expect(std[j]).toBeGreaterThanOrEqual(std[Math.max(j - 1, 0)] as number);
    expect(mean(along.map((v) => v ** 3))).toBeGreaterThan(0);
  }
});
