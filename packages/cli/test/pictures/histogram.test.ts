import { describe, expect, it } from "vitest";
import { histogram } from "../../src/pictures/histogram.js";

const BLUE = "38,108,176";
const ORANGE = "224,130,40";

/** Columns and rows of the plot that hold a colour. */
function extent(
  { width, height, pixels }: ReturnType<typeof histogram>,
  color: string,
): { from: number; to: number; top: number } {
  const [columns, rows]: [number[], number[]] = [[], []];
  for (let y = 70; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if (pixels.subarray(at, at + 3).join() !== color || y > height - 60) continue;
      columns.push(x);
      rows.push(y);
    }
  return { from: Math.min(...columns), to: Math.max(...columns), top: Math.min(...rows) };
}

const around = (centre: number, width: number, count = 400): number[] =>
  Array.from({ length: count }, (_, i) => centre + width * ((i + 0.5) / count - 0.5));

describe("the histogram", () => {
  it("puts lower values to the left, and draws the narrower group higher", () => {
    const canvas = histogram("t", "bits", [
      { name: "a", values: around(2, 1) },
      { name: "b", values: around(6, 4) },
    ]);
    const [a, b] = [extent(canvas, BLUE), extent(canvas, ORANGE)];
    expect(a.to).toBeLessThan(b.from + 20);
    expect(b.to - b.from).toBeGreaterThan(3 * (a.to - a.from));
    expect(b.top - a.top).toBeGreaterThan(150);
  });

  it("gathers what lies far off at its ends", () => {
    const values = [...around(2, 1), 1e6];
    const { from, to } = extent(histogram("t", "bits", [{ name: "a", values }]), BLUE);
    expect(to - from).toBeGreaterThan(700);
  });

  it("keeps the shape of the first group however far off others lie", () => {
    const own = around(4, 0.4);
    const canvas = histogram("t", "bits", [
      { name: "own", values: own },
      { name: "far", values: around(200, 400) },
    ]);
    const [a, b] = [extent(canvas, BLUE), extent(canvas, ORANGE)];
    expect(a.to - a.from).toBeGreaterThan(80);
    expect(b.to - b.from).toBeGreaterThan(150);
    const constant = histogram("t", "bits", [
      { name: "own", values: [4] },
      { name: "far", values: around(200, 400) },
    ]);
    expect(extent(constant, ORANGE).to).toBeGreaterThan(800);
  });

  it("is drawn of a single value", () => {
    const { from, to } = extent(histogram("t", "bits", [{ name: "a", values: [3] }]), BLUE);
    expect(to - from).toBeLessThan(20);
  });
});
