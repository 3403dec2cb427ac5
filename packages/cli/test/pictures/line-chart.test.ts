import { describe, expect, it } from "vitest";
import { type LineChartOptions, lineChart } from "../../src/pictures/line-chart.js";
import { svgToPng } from "../../src/pictures/png.js";
import { SERIES, TRAINING } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

const training = Array.from({ length: 900 }, (_, i) => ({
  step: i + 1,
  value: i === 0 ? 9000 : 8 - i / 200,
}));
const points = [200, 400, 800].map((step) => ({ step, value: 8.5 - step / 200, stdErr: 0.1 }));
const options: LineChartOptions = {
  title: "a run",
  unit: "bits per dimension",
  lines: [
    { name: "test", points },
    { name: "training", points: training, faint: true, color: TRAINING },
  ],
  steps: 1800,
};
const line = (svg: string, color: string) => marks(svg, "line").find((each) => each.color === color)!;

describe("a chart of lines", () => {
  it("falls from left to right, as far as the run has come, in means of neighbouring steps", async () => {
    const svg = await lineChart(options);
    const drawn = line(svg, TRAINING).points;
    // 300 means of three, without the first, which the axis leaves out
    expect(drawn).toHaveLength(299);
    expect(drawn[0]![0]).toBeGreaterThan(0);
    expect(drawn[0]![1]).toBeGreaterThanOrEqual(0);
    expect(drawn.at(-1)![0]).toBeCloseTo(400, -1);
    for (let i = 1; i < drawn.length; i++) expect(drawn[i]![1]).toBeGreaterThan(drawn[i - 1]![1]);
    expect(drawn.at(-1)![1]).toBeLessThanOrEqual(340);
  });

  it("marks every measurement with its error, above the training where it is worse", async () => {
    const svg = await lineChart(options);
    const measured = line(svg, SERIES[0]).points;
    expect(measured).toHaveLength(3);
    expect(marks(svg, "symbol")).toHaveLength(3);
    expect(marks(svg, "rule")).toHaveLength(3);
    const beside = line(svg, TRAINING).points.find(([x]) => x >= measured[0]![0])!;
    expect(measured[0]![1]).toBeLessThan(beside[1]);
  });

  it("says what it shows", async () => {
    const found = texts(await lineChart(options));
    for (const text of ["a run", "step", "bits per dimension", "training", "test", "1,000"])
      expect(found).toContain(text);
  });

  it("leaves a gap where a figure is not finite", async () => {
    const values = [5, 4, Number.NaN, 3, Number.POSITIVE_INFINITY, 2, 1];
    const holed = values.map((value, step) => ({ step, value, stdErr: step === 3 ? Number.NaN : 0.1 }));
    const svg = await lineChart({ ...options, steps: 6, lines: [{ name: "test", points: holed }] });
    expect(svg).not.toMatch(/NaN|Infinity/);
    const { d } = line(svg, SERIES[0]);
    expect(d.match(/M/g)).toHaveLength(3);
    expect(marks(svg, "symbol")).toHaveLength(5);
    expect(marks(svg, "rule")).toHaveLength(4);
  });

  it.each<[string, LineChartOptions["lines"], number]>([
    ["no line", [], 0],
    ["no point", [{ name: "test", points: [] }], 0],
    ["one point", [{ name: "test", points: points.slice(0, 1) }], 1],
    ["no finite point", [{ name: "a", points: [{ step: 1, value: Number.NaN }], faint: true }], 0],
    ["equal points", [{ name: "a", points: [1, 2].map((step) => ({ step, value: 3 })) }], 2],
    ["extreme points", [{ name: "a", points: [-1e308, 1e308].map((value, step) => ({ step, value })) }], 2],
    ["tiny points", [{ name: "a", points: [0, 5e-324].map((value, step) => ({ step, value })) }], 2],
  ])("is drawn of %s", async (_, lines, symbols) => {
    const svg = await lineChart({ ...options, lines });
    expect(marks(svg, "symbol")).toHaveLength(symbols);
    expect(svg).not.toMatch(/NaN|Infinity/);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("is drawn of a run of no steps", async () => {
    expect(await lineChart({ ...options, steps: 0, lines: [] })).not.toMatch(/NaN|Infinity/);
  });

  it("tells lines of one name apart, and keeps any name as text", async () => {
    const names = ["run", "run", ...Object.values(hostile)];
    const lines = names.map((name, i) => ({ name, points: points.map((p) => ({ ...p, value: i })) }));
    const svg = await lineChart({ ...options, lines });
    expect(new Set(marks(svg, "line").map(({ color }) => color)).size).toBe(6);
    expect(texts(svg).filter((text) => text === "run")).toHaveLength(2);
    for (const name of [hostile.markup, hostile.inherited]) expect(texts(svg)).toContain(name);
    expect(Number(/<svg[^>]* width="(\d+)"/.exec(svg)![1])).toBeLessThan(1000);
  });

  it("leaves its title to the heading on a page", async () => {
    const svg = await lineChart({ ...options, theme: "page" });
    expect(texts(svg)).not.toContain("a run");
    expect(svg).toContain('aria-label="a run"');
    // several charts stand on a page: nothing of one is known by an id that another may have
    expect(svg).not.toMatch(/ id=|url\(|https?:/);
  });
});
