import { describe, expect, it } from "vitest";
import type { ColumnSchema } from "../../src/data/table/schema.js";
import { svgToPng } from "../../src/pictures/png.js";
import { rowPoints } from "../../src/pictures/row-points.js";
import { type ScatterOptions, scatterChart } from "../../src/pictures/scatter.js";
import { SERIES } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

const grid = (rows: number, columns: number, scale = 1): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(1 + 7 * i));
const named = (count: number): { name: string }[] =>
  Array.from({ length: count }, (_, i) => ({ name: `c${i}` }));
const options: ScatterOptions = {
  title: "rows",
  columns: named(4),
  real: { name: "test rows", rows: grid(100, 4) },
  generated: { name: "generated rows", rows: grid(50, 4) },
};
const count = (svg: string, color: string): number =>
  marks(svg, "symbol").filter((each) => each.color === color).length;

describe("clouds of points", () => {
  it("shows neighbouring columns in pairs, real ones and generated ones on the same axes", async () => {
    const svg = await scatterChart(options);
    expect([count(svg, SERIES[0]), count(svg, SERIES[1])]).toEqual([200, 100]);
    const found = texts(svg);
    for (const text of ["rows", "test rows", "generated rows", "c0", "c1", "c2", "c3"])
      expect(found).toContain(text);
    // the axes are those of the real rows, whatever is generated
    const wild = await scatterChart({ ...options, generated: { name: "wild", rows: grid(50, 4, 1e6) } });
    const ticks = (all: string[]) => all.filter((text) => /^−?[\d.]+$/.test(text)).sort();
    expect(ticks(texts(wild))).toEqual(ticks(found));
  });

  it("shows the last one of an odd number beside the one before it, and of many the first", async () => {
    const axes = async (columns: number): Promise<string[]> => {
      const rows = grid(9, columns);
      const svg = await scatterChart({
        ...options,
        columns: named(columns),
        real: { name: "r", rows },
        generated: { name: "g", rows },
      });
      return texts(svg).filter((text) => /^c\d+$/.test(text));
    };
    expect((await axes(3)).sort()).toEqual(["c0", "c0", "c1", "c1", "c1", "c1", "c2", "c2"]);
    expect(new Set(await axes(15))).toEqual(new Set(named(12).map(({ name }) => name)));
  });

  it("draws no point outside of its panel, where the renderer does not survive it", async () => {
    // a pair of columns with one row inside of the axes, and two with none
    const rows = grid(50, 4, 1e6);
    rows.set([0.1, 0.2, 9, 9]);
    const svg = await scatterChart({ ...options, generated: { name: "wild", rows } });
    const drawn = marks(svg, "symbol");
    expect(drawn.filter(({ color }) => color === SERIES[1])).toHaveLength(1);
    for (const [[x, y]] of drawn.map(({ points }) => points as [[number, number]]))
      expect(Math.min(x, y, 200 - x, 200 - y)).toBeGreaterThanOrEqual(0);
    expect(svg).not.toContain("clip-path");
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("leaves points out that are not finite", async () => {
    const rows = grid(10, 2);
    rows[0] = Number.NaN;
    rows[5] = Number.POSITIVE_INFINITY;
    const svg = await scatterChart({ ...options, columns: named(2), real: { name: "r", rows } });
    expect(count(svg, SERIES[0])).toBe(8);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it.each<[string, number, Float32Array]>([
    ["a single column", 1, grid(9, 1)],
    ["one row", 2, grid(1, 2)],
    ["no row", 2, new Float32Array(0)],
    ["constant columns", 2, new Float32Array(20)],
    ["nothing finite", 2, new Float32Array(20).fill(Number.NaN)],
  ])("is drawn of %s", async (_, columns, rows) => {
    const svg = await scatterChart({ ...options, columns: named(columns), real: { name: "real", rows } });
    expect(svg).not.toMatch(/NaN|Infinity/);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("cuts long names of columns, and keeps any name as text", async () => {
    const names = Object.values(hostile);
    const svg = await scatterChart({
      ...options,
      columns: Array.from({ length: 6 }, (_, column) => ({ name: names[column % names.length]! })),
      real: { name: hostile.inherited, rows: grid(20, 6) },
      generated: { name: hostile.inherited, rows: grid(20, 6) },
    });
    expect(texts(svg).some((text) => /^very long .*…$/.test(text))).toBe(true);
    // two axes, and the two names of the legend
    expect(texts(svg).filter((text) => text === hostile.inherited)).toHaveLength(4);
    expect(svg).not.toContain("<script");
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });
});

it("columns of an array are counted from 1, as in its samples", () => {
  const rows = Float32Array.from([1, 2]);
  const namesOf = (more: object): string[] =>
    rowPoints({ shape: [2], ...more }, [rows]).columns.map(({ name }) => name);
  expect(namesOf({})).toEqual(["column 1", "column 2"]);
  expect(namesOf({ columns: ["a", "b"] })).toEqual(["a", "b"]);
});

describe("rows of a table", () => {
  const column = (more: Partial<ColumnSchema>): ColumnSchema => ({
    name: "x",
    type: "continuous",
    use: "model",
    missing: 0,
    distinct: 20,
    ...more,
  });
  const range = { least: 1, most: 20, mean: 10, std: 6 };
  const pointsOf = (columns: ColumnSchema[], groups: number[][], width: number) =>
    rowPoints(
      { shape: [width], schema: { version: 1, rows: 100, columns } },
      groups.map((rows) => Float32Array.from(rows)),
    );

  it("are drawn in its own values, without the noise that the network gets", () => {
    const { columns, groups } = pointsOf(
      [
        column({ name: "stars", type: "integer", range, gap: 1, origin: 10 }),
        column({ name: "price", range, gap: 0.01, missing: 5 }),
        column({ name: "kind", type: "category", values: ["bread", null] }),
        column({ name: "day", type: "date", range: { ...range, most: 20_000 }, gap: 1 }),
      ],
      [
        [-0.2, 4.2537, 0.3, 1.4, 8999.8],
        [2.4, 7, 1.2, -0.3, 9000.4, 0.4, 5.0049, 0, 2.3, 9001],
      ],
      5,
    );
    expect(groups.map((rows) => Array.from(rows))).toEqual([
      [10, 4.25, 1, 9000],
      [12, Number.NaN, 0, 9000, 10, 5, 2, 9001],
    ]);
    // the network may make a category that no training row has
    expect(columns).toEqual([
      { name: "stars", isDate: false, step: 1 },
      { name: "price", isDate: false, step: 0.01 },
      { name: "kind", categories: ["bread", "missing", "another value"] },
      { name: "day", isDate: true, step: 1 },
    ]);
  });

  it.each([12, 13])("have names of %d categories at their axes", async (count) => {
    const values = Array.from({ length: count }, (_, i) => `kind ${i}`);
    const rows = Array.from({ length: 2 * count }, (_, i) => i >> 1);
    const { columns, groups } = pointsOf(
      [column({ type: "category", values }), column({ name: "y", type: "category", values })],
      [rows, rows],
      2,
    );
    const svg = await scatterChart({
      ...options,
      columns,
      real: { name: "r", rows: groups[0]! },
      generated: { name: "g", rows: groups[1]! },
    });
    const shown = [...values.slice(0, 11), count === 12 ? "kind 11" : "2 others"];
    // two axes of two panels
    for (const name of shown) expect(texts(svg).filter((text) => text === name)).toHaveLength(4);
    expect(texts(svg)).not.toContain("kind 12");
    expect(svg).toContain("rotate(-90)");
  });

  it("are one circle where they share a place, of one area for one share of the rows", async () => {
    const radius = (d: string): number => Number(/^M([\d.]+),/.exec(d)![1]);
    const places = (counts: [number, number]) => counts.flatMap((n, at) => Array<number>(2 * n).fill(at));
    const svg = await scatterChart({
      ...options,
      columns: named(2),
      real: { name: "r", rows: places([10, 40]) },
      generated: { name: "g", rows: places([80, 320]) },
    });
    const drawn = marks(svg, "symbol").map(({ color, d }) => ({ color, area: radius(d) ** 2 }));
    expect(drawn.map(({ color }) => color)).toEqual([SERIES[0], SERIES[0], SERIES[1], SERIES[1]]);
    const [few, many, fewDrawn, manyDrawn] = drawn.map(({ area }) => area);
    expect(many! / few!).toBeCloseTo(4, 1);
    expect([fewDrawn, manyDrawn]).toEqual([few, many]);
  });
});
