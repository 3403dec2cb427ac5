import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import type { ColumnSchema } from "../../src/data/table/schema.js";
import { linesAround } from "../../src/pictures/contours.js";
import { pairChart } from "../../src/report/table/charts.js";
import { viewColumn } from "../../src/report/table/columns.js";
import { viewPairs } from "../../src/report/table/pairs.js";
import { surveyRows } from "../../src/report/table/survey.js";
import { compareCounts, kolmogorovSmirnov } from "../../src/report/table/two-sample.js";
import { chiSquaredTail } from "../../src/statistics.js";
import { tableColumns } from "../../src/tables/columns/kinds.js";

const normals = (seed: number, count: number, shift = 0): Float32Array => {
  const out = new Float32Array(count);
  makeRng(seed).fillNormal(out);
  return out.map((value) => value + shift);
};

describe("two samples", () => {
  it.each([
    [3.841459, 1],
    [5.991465, 2],
    [7.814728, 3],
    [18.307038, 10],
    [124.342113, 100],
  ])("P(χ² ≥ %d) with %d degrees of freedom is 0.05", (x, degrees) => {
    expect(chiSquaredTail(x, degrees)).toBeCloseTo(0.05, 6);
  });

  it("of numbers differ by the largest distance of their distribution functions", () => {
    expect(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6]).statistic).toBe(0.5);
    // the 5 % point of Kolmogorov's distribution is 1.3581; the correction for size is small here
    const a = Float64Array.from({ length: 20_000 }, (_, i) => i);
    const shift = Math.round((1.3581 / Math.sqrt(10_000)) * 20_000);
    expect(
      kolmogorovSmirnov(
        a,
        a.map((value) => value + shift),
      ).p,
    ).toBeCloseTo(0.05, 2);
    expect(kolmogorovSmirnov(a, a)).toEqual({ statistic: 0, p: 1 });
  });

  it("of one distribution have uniform p-values", () => {
    const ps = Array.from(
      { length: 200 },
      (_, i) => kolmogorovSmirnov(normals(i, 80), normals(1000 + i, 120)).p,
    );
    const uniform = Float64Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);
    expect(kolmogorovSmirnov(ps, uniform).p).toBeGreaterThan(0.01);
  });

  it("of categories differ by the total variation", () => {
    expect(compareCounts([50, 50, 0], [30, 70, 0])).toEqual({
      statistic: expect.closeTo(0.2, 12),
      p: expect.closeTo(chiSquaredTail(25 / 3, 1), 12),
    });
    expect(compareCounts([5, 0], [9, 0])).toEqual({ statistic: 0, p: 1 });
  });
});

it("contours hold the share of the points that they name, and are closed", () => {
  const [a, b] = [normals(1, 50_000), normals(2, 50_000)];
  const points = Array.from(a, (x, i) => [x, b[i]!] as const);
  const { lines } = linesAround(points, [-4, 4], [-4, 4])[0]!;
  expect(lines).toHaveLength(1);
  const line = lines[0]!;
  expect([line[0], line[1]]).toEqual([line.at(-2), line.at(-1)]);
  // half of a standard normal in two dimensions is within √(2 ln 2)
  for (let i = 0; i < line.length; i += 2)
    expect(Math.abs(Math.hypot(line[i]!, line[i + 1]!) / Math.sqrt(2 * Math.LN2) - 1)).toBeLessThan(0.08);
});

it("a survey keeps a fair sample, the worst rows and the counts of any number of rows", async () => {
  const pieces = (async function* () {
    for (let from = 0; from < 25_000; from += 5000) {
      const rows = Float32Array.from({ length: 5000 }, (_, i) => (7919 * (from + i)) % 25_000);
      yield { rows, names: Array.from(rows, String) };
    }
  })();
  const survey = await surveyRows(
    pieces,
    1,
    async (rows) => Array.from(rows),
    (score) => score >= 24_000,
  );
  expect([survey.count, survey.flagged, survey.scores.length]).toEqual([25_000, 1000, 10_000]);
  expect(survey.worst.map(({ name }) => name)).toEqual(
    Array.from({ length: 10 }, (_, i) => String(24_999 - i)),
  );
  const mean = survey.scores.reduce((sum, score) => sum + score, 0) / 10_000;
  expect(Math.abs(mean - 12_500)).toBeLessThan(4 * (25_000 / Math.sqrt(12) / 100));
  expect(new Set(survey.rows).size).toBe(10_000);
});

const columnsOf = (...each: Partial<ColumnSchema>[]) =>
  tableColumns({
    columns: each.map((more) => ({
      name: "x",
      type: "continuous",
      use: "model",
      missing: 0,
      distinct: 100,
      ...more,
    })),
  });
const range = { least: -4, most: 4, mean: 0, std: 1 };

describe("a column in groups of rows", () => {
  const [number] = columnsOf({ range, missing: 5 });
  const withGaps = (seed: number, shift: number): Float32Array =>
    normals(seed, 1000, shift).map((value, i) => (i % 10 === 0 ? Number.NaN : value));

  it("of numbers has shares of the values that are there, and says how far they moved", () => {
    const groups = [
      { name: "own", rows: withGaps(1, 0) },
      { name: "same", rows: withGaps(2, 0) },
      { name: "moved", rows: withGaps(3, 0.5) },
    ];
    const view = viewColumn(number!, groups, 1);
    for (const { shares, missing } of view.groups) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expect(missing).toBeCloseTo(0.1, 9);
    }
    const [own, same, moved] = view.groups.map(({ difference }) => difference);
    expect(own).toEqual({ statistic: 0, p: 1 });
    expect(same!.p).toBeGreaterThan(0.001);
    // Φ(0.25) − Φ(−0.25)
    expect(Math.abs(moved!.statistic - 0.197)).toBeLessThan(0.06);
    expect(moved!.p).toBeLessThan(1e-9);
  });

  it.each([
    { what: "integers", least: 1, step: 1, values: 20, bins: 20 },
    { what: "many integers", least: -7, step: 1, values: 100, bins: 20 },
    { what: "a prime number of them", least: 0, step: 1, values: 53, bins: 18 },
    { what: "cents", least: 0.05, step: 0.01, values: 240, bins: 24 },
    { what: "one value", least: 3, step: 1, values: 1, bins: 1 },
    { what: "milliseconds of years", least: 0, step: 1e-3, values: 2 ** 30, bins: 24 },
  ])("on a grid has as many values of it in each bin: $what", ({ least, step, values, bins }) => {
    const most = least + (values - 1) * step;
    const [grid] = columnsOf({ range: { ...range, least, most }, gap: step });
    const count = Math.min(values, 1000);
    const rows = Float32Array.from(
      { length: count },
      (_, i) => least + step * Math.round((i * (values - 1)) / Math.max(1, count - 1)),
    );
    const view = viewColumn(grid!, [{ name: "own", rows }], 1);
    const { edges } = view.bins as { edges: readonly number[] };
    expect(edges).toHaveLength(bins + 1);
    const inside = edges.slice(1).map((edge, i) => Math.round((edge - edges[i]!) / step));
    expect(new Set(inside).size).toBe(1);
    // the axis begins half a step before a value of the grid
    const place = (edges[0]! - least) / step + 0.5;
    expect(Math.abs(place - Math.round(place))).toBeLessThan(1e-3);
    // the last bin may hold fewer: there the values end
    const { shares } = view.groups[0]!;
    const digits = values === count ? 9 : 2;
    for (const share of shares.slice(0, -1)) expect(share).toBeCloseTo(inside[0]! / values, digits);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it("counts values far away in the outermost bins", () => {
    const rows = Float32Array.from({ length: 1000 }, (_, i) => (i < 2 ? 900 * i - 400 : i % 10));
    const [grid] = columnsOf({ range, gap: 1 });
    const view = viewColumn(grid!, [{ name: "own", rows }], 1);
    expect(view.bins).toEqual({ edges: Array.from({ length: 11 }, (_, i) => i - 0.5), isDate: false });
    // the 0 and the 1 of the first rows are −400 and 500
    expect(view.groups[0]!.shares.map((share) => Math.round(share * 1000))).toEqual([
      100, 99, 100, 100, 100, 100, 100, 100, 100, 101,
    ]);
  });

  it("of categories has the frequent ones by name", () => {
    const values = Array.from({ length: 12 }, (_, i) => `v${i}`);
    const [column] = columnsOf({ type: "category", values });
    const own = Float32Array.from({ length: 780 }, (_, i) => {
      // code c in 12 − c of 78 rows
      let [code, left] = [0, i % 78];
      while (left >= 12 - code) left -= 12 - code++;
      return code;
    });
    const other = own.map((value) => Math.min(value + 1, 11));
    const view = viewColumn(
      column!,
      [
        { name: "own", rows: own },
        { name: "other", rows: other },
      ],
      1,
    );
    expect(view.bins).toEqual({ names: [...values.slice(0, 8), "4 others"] });
    expect(view.groups[0]!.shares[0]).toBeCloseTo(12 / 78, 9);
    expect(view.groups[1]!.shares[0]).toBe(0);
    expect(view.groups[1]!.difference.statistic).toBeCloseTo(12 / 78, 2);
  });
});

it("shows the pairs of columns that are associated most, without rows that lack a value", () => {
  const count = 500;
  const columns = columnsOf({ name: "a", range }, { name: "b", range }, { name: "c", range });
  const [a, b, c] = [normals(1, count), normals(2, count), normals(3, count)];
  const rows = Float32Array.from(Array.from(a, (x, i) => [x, c[i]!, -x + 0.3 * b[i]!]).flat());
  const worst = Float32Array.of(9, 0, 9, Number.NaN, 1, Number.NaN);
  const pairs = viewPairs(columns, { training: rows, generated: rows, worst }, 3);
  expect(pairs.map(({ x, y }) => x.name + y.name)[0]).toBe("ac");
  expect(pairs).toHaveLength(3);
  const [first] = pairs;
  expect(first!.worst).toEqual([[9, 9]]);
  expect(first!.x.range[1]).toBeGreaterThan(9);
  expect(first!.contours.map(({ share }) => share)).toEqual([0.5, 0.8, 0.95]);
});

it("a pair of columns is drawn where a row lies beyond all dates", async () => {
  const columns = columnsOf({ name: "a", range }, { name: "b", range });
  const rows = Float32Array.from(normals(3, 400));
  const [pair] = viewPairs(columns, { training: rows, generated: rows, worst: Float32Array.of(1, 1e30) }, 2);
  expect(await pairChart(pair!)).toContain("<svg");
});
