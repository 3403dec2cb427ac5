import { describe, expect, it } from "vitest";
import { type Group, histogram } from "../../src/pictures/histogram.js";
import { svgToPng } from "../../src/pictures/png.js";
import { SERIES } from "../../src/pictures/theme.js";
import { hostile, marks, texts } from "./svg.js";

const [BLUE, ORANGE] = SERIES;
const GROUND = 320;

const draw = (groups: readonly Group[]): Promise<string> => histogram("t", "bits", groups);

/** From where to where a group's outline stands above the ground, and how high. */
function extent(svg: string, color: string): { from: number; to: number; top: number } {
  const outline = marks(svg, "line").find((line) => line.color === color)!.points;
  const above = outline.filter(([, y]) => y < GROUND - 0.01);
  const xs = above.map(([x]) => x);
  return { from: Math.min(...xs), to: Math.max(...xs), top: Math.min(...above.map(([, y]) => y)) };
}

const around = (centre: number, width: number, count = 400): number[] =>
  Array.from({ length: count }, (_, i) => centre + width * ((i + 0.5) / count - 0.5));

describe("the histogram", () => {
  it("puts lower values to the left, and draws the narrower group higher", async () => {
    const svg = await draw([
      { name: "a", values: around(2, 1) },
      { name: "b", values: around(6, 4) },
    ]);
    const [a, b] = [extent(svg, BLUE), extent(svg, ORANGE)];
    expect(a.to).toBeLessThan(b.from + 20);
    expect(b.to - b.from).toBeGreaterThan(3 * (a.to - a.from));
    expect(b.top - a.top).toBeGreaterThan(150);
    for (const text of ["t", "bits", "share of the values", "a", "b", "2", "6", "2%"])
      expect(texts(svg)).toContain(text);
  });

  it("gathers what lies far off at its ends", async () => {
    const svg = await draw([{ name: "a", values: [...around(2, 1), 1e6] }]);
    const { from, to } = extent(svg, BLUE);
    expect(to - from).toBeGreaterThan(700);
    expect(texts(svg)).toContain("bits, outermost bars count all beyond");
    expect(texts(await draw([{ name: "a", values: [1, 2, 3] }]))).toContain("bits");
  });

  it("reaches to the farthest value where the upper tail counts, in bins as wide as few values need", async () => {
    const values = [...around(2, 1, 40), 6];
    const svg = await histogram("t", "bits", [{ name: "a", values }], { upperTail: true });
    expect(texts(svg)).toContain("6");
    const widest = marks(svg, "line")
      .find(({ color }) => color === BLUE)!
      .points.map(([x]) => x);
    expect(new Set(widest.map(Math.round)).size).toBeLessThan(26);
    const many = [...around(2, 1), 6];
    expect(texts(await draw([{ name: "a", values: many }]))).not.toContain("6");
  });

  it("has few bins for few ranks, from 0 to 1", async () => {
    const ranks = [0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7];
    const svg = await histogram("t", "rank", [{ name: "a", values: ranks }], { ranks: true });
    const { from, to } = extent(svg, BLUE);
    expect([from, to].map(Math.round)).toEqual([210, 630]);
  });

  it("keeps the shape of the first group however far off others lie", async () => {
    const far = { name: "far", values: around(200, 400) };
    const svg = await draw([{ name: "own", values: around(4, 0.4) }, far]);
    const [a, b] = [extent(svg, BLUE), extent(svg, ORANGE)];
    expect(a.to - a.from).toBeGreaterThan(80);
    expect(b.to - b.from).toBeGreaterThan(150);
    expect(texts(svg)).toContain("bits, closer together further off, outermost bars count all beyond");
    const constant = await draw([{ name: "own", values: [4] }, far]);
    expect(extent(constant, ORANGE).to).toBeGreaterThan(800);
  });

  it("cuts off a group in one bin, and writes its part beside it", async () => {
    const svg = await draw([
      { name: "own", values: around(4, 2) },
      { name: "spike", values: [...around(2, 4, 30), ...Array.from({ length: 70 }, () => 9)] },
    ]);
    expect(texts(svg)).toContain("70%");
    expect(extent(svg, ORANGE).top).toBe(0);
  });

  it.each<[string, Group[]]>([
    ["a single value", [{ name: "a", values: [3] }]],
    ["equal values", [{ name: "a", values: [3, 3, 3] }]],
    ["extreme values", [{ name: "a", values: [-1e300, 0, 1e300] }]],
    [
      "a first group of nothing",
      [
        { name: "a", values: [] },
        { name: "b", values: [1, 2] },
      ],
    ],
    ["nothing", [{ name: "a", values: [] }]],
    ["nothing finite", [{ name: "a", values: [Number.NaN, Number.POSITIVE_INFINITY] }]],
  ])("is drawn of %s", async (_, groups) => {
    const svg = await draw(groups);
    expect(svg).not.toMatch(/NaN|Infinity/);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });

  it("leaves values that are not finite out, and says how many", async () => {
    const values = [...around(2, 1), Number.NaN, Number.POSITIVE_INFINITY];
    const svg = await draw([{ name: "a", values }]);
    expect(texts(svg)).toContain("a (2 not finite)");
    expect(extent(svg, BLUE)).toEqual(extent(await draw([{ name: "a", values: around(2, 1) }]), BLUE));
  });

  it("keeps names as text", async () => {
    const svg = await draw(Object.values(hostile).map((name, i) => ({ name, values: around(i, 1) })));
    expect(texts(svg)).toContain(hostile.markup);
    await expect(svgToPng(svg)).resolves.toBeInstanceOf(Uint8Array);
  });
});
