import { describe, expect, it } from "vitest";
import { svgToPng } from "../../src/pictures/png.js";
import { type ScatterOptions, scatterChart } from "../../src/pictures/scatter.js";
import { SERIES } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

const grid = (rows: number, columns: number, scale = 1): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(1 + 7 * i));
const options: ScatterOptions = {
  title: "rows",
  columns: 4,
  label: (column) => `c${column}`,
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
    const svg = await scatterChart({ ...options, columns: 2, real: { name: "r", rows } });
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
    const svg = await scatterChart({ ...options, columns, real: { name: "real", rows } });
    expect(svg).not.toMatch(/NaN|Infinity/);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("cuts long names of columns, and keeps any name as text", async () => {
    const names = Object.values(hostile);
    const svg = await scatterChart({
      ...options,
      columns: 6,
      label: (column) => names[column % names.length]!,
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
