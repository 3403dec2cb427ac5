/** Charts of posteriors: pairs, ranks, coverage. */
import { makeRng } from "@flowify/core/layer";
import { describe, expect, it } from "vitest";
import { linesAround } from "../../src/pictures/contours.js";
import { diagonalChart } from "../../src/pictures/diagonal-chart.js";
import { type PairPlotOptions, pairPlot } from "../../src/pictures/pair-plot.js";
import { svgToPng } from "../../src/pictures/png.js";
import { rankChart } from "../../src/pictures/rank-chart.js";
import { BOUND, EXACT, TRAINING } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

const random = makeRng(7);
/** A ring: its middle is empty. */
const ring = Array.from({ length: 3000 }, () => {
  const [angle, radius] = [2 * Math.PI * random.uniform(), 1 + 0.1 * random.normal()];
  return [radius * Math.cos(angle), radius * Math.sin(angle)] as const;
});

/** Whether a point lies inside of an odd number of closed lines. */
function isInside([x, y]: readonly [number, number], lines: readonly (readonly number[])[]): boolean {
  let crossings = 0;
  for (const line of lines)
    for (let i = 0; i + 3 < line.length; i += 2) {
      const [a, b, c, d] = line.slice(i, i + 4) as [number, number, number, number];
      if (b > y !== d > y && x < a + ((y - b) / (d - b)) * (c - a)) crossings++;
    }
  return crossings % 2 === 1;
}

describe("lines around shares of points", () => {
  it.each([0, 1, 2])("hold them, and leave empty places out (%d)", (k) => {
    const { share, lines } = linesAround(ring, [-1.6, 1.6], [-1.6, 1.6], 90)[k]!;
    const held = ring.filter((point) => isInside(point, lines)).length / ring.length;
    expect(Math.abs(held - share)).toBeLessThan(0.03);
    expect(isInside([0, 0], lines)).toBe(false);
  });
});

const options: PairPlotOptions = {
  title: "pairs",
  columns: [
    { name: "a", range: [-2, 2] },
    { name: "b", range: [-2, 2] },
    { name: "c", range: [0, 1] },
  ],
  groups: [{ name: "ours", rows: ring.flatMap(([a, b]) => [a, b, random.uniform()]) }],
  mark: { name: "true", row: [1, -1, 0.25] },
};

describe("a pair plot", () => {
  it("has contours below the diagonal, histograms on it, and a mark in each", async () => {
    const svg = await pairPlot(options);
    const rules = marks(svg, "rule").filter(({ color }) => color === BOUND);
    expect(rules).toHaveLength(3 + 2 * 3);
    expect(marks(svg, "line").filter(({ color }) => color === EXACT).length).toBeGreaterThan(9);
    expect(texts(svg)).toEqual(expect.arrayContaining(["ours", "true", "a", "b", "c"]));
    // the first panel is at x = 1 of −2 to 2: three quarters of its width
    const side = Number(/<path[^>]*d="M0\.5,0\.5h([\d.]+)v/.exec(svg)?.[1]);
    expect(rules[0]?.points[0]?.[0]).toBeCloseTo(0.75 * side, 0);
    expect((await svgToPng(svg)).length).toBeGreaterThan(10_000);
  });

  it("draws names that are no names, rows without a spread, and one column", async () => {
    const rows = new Float64Array(50).fill(0.5);
    for (const name of Object.values(hostile)) {
      const columns = [{ name, range: [0, 1] as const }];
      const svg = await pairPlot({
        title: name,
        columns,
        groups: [{ name, rows }],
        mark: { name, row: [0.5] },
      });
      expect(svg).not.toContain("<script");
      await svgToPng(svg);
    }
  });
});

describe("a chart of ranks", () => {
  it("has a bar for each count, as high as it is, and the band", async () => {
    const counts = [10, 30, 20, 0];
    const svg = await rankChart({ title: "ranks", panels: [{ name: "a", counts, band: [8, 24] }] });
    const rects = marks(svg, "rect");
    const heights = (color: string): number[] =>
      rects
        .filter((each) => each.color === color)
        .map(({ d }) => Math.abs(Number(/v(-?[\d.]+)/.exec(d)?.[1])));
    const bars = heights(EXACT);
    expect(bars.map((height) => height / bars[1]!)).toEqual(
      counts.map((count) => expect.closeTo(count / 30, 2)),
    );
    expect(heights(TRAINING)[0]! / bars[1]!).toBeCloseTo(16 / 30, 2);
    await svgToPng(svg);
  });
});

describe("a chart of shares against what they should be", () => {
  it("has its line where the shares are, with or without steps", async () => {
    const points = [
      [0, 0],
      [0.5, 0.25],
      [1, 1],
    ] as const;
    const draw = (steps: boolean) =>
      diagonalChart({ title: "t", x: "x", y: "y", lines: [{ name: "", points }], band: () => 0.1, steps });
    const drawn = marks(await draw(false), "line").find(({ color }) => color === EXACT)!.points;
    expect(drawn).toEqual([
      [0, 250],
      [125, 187.5],
      [250, 0],
    ]);
    const stepped = await draw(true);
    expect(marks(stepped, "line").find(({ color }) => color === EXACT)!.points.length).toBeGreaterThan(3);
    await svgToPng(stepped);
  });
});
