import { describe, expect, it } from "vitest";
import { roundTicks } from "../../src/pictures/axis.js";
import type { Canvas } from "../../src/pictures/canvas.js";
import { curveChart } from "../../src/pictures/curve.js";

const TEST = "38,108,176";
const TRAINING = "150,175,200";

/** Where a colour is in a picture, [x, y] of every pixel, below the legend. */
function pixelsOf({ width, height, pixels }: Canvas, color: string): [number, number][] {
  const found: [number, number][] = [];
  for (let y = 60; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if (pixels.subarray(at, at + 3).join() === color) found.push([x, y]);
    }
  return found;
}

describe("roundTicks", () => {
  it.each<[number, number, number, string[]]>([
    [0, 100, 5, ["0", "20", "40", "60", "80", "100"]],
    [2.93, 3.17, 5, ["2.95", "3.00", "3.05", "3.10", "3.15"]],
    [0, 140_700, 4, ["0", "50,000", "100,000"]],
    [-0.3, 0.3, 3, ["-0.2", "0.0", "0.2"]],
  ])("from %d to %d", (low, high, count, labels) => {
    const ticks = roundTicks(low, high, count);
    expect(ticks.values.map(ticks.label)).toEqual(labels);
  });
});

describe("the training curve", () => {
  const training = Array.from({ length: 400 }, (_, i) => ({
    step: i + 1,
    value: i === 0 ? 900 : 8 - i / 100,
  }));
  const points = [200, 400].map((step) => ({ step, value: 8.5 - step / 100, stdErr: 0.1 }));
  const options = {
    title: "a run",
    unit: "bits per dimension",
    training,
    measured: [{ split: "test", points }],
    steps: 800,
  };

  it("falls from left to right, as far as the run has come", () => {
    const canvas = curveChart(options);
    const line = pixelsOf(canvas, TRAINING);
    const xs = line.map(([x]) => x);
    expect(Math.max(...xs)).toBeLessThan(canvas.width / 2 + 60);
    const mean = (part: [number, number][]) => part.reduce((sum, [, y]) => sum + y, 0) / part.length;
    const middle = (Math.min(...xs) + Math.max(...xs)) / 2;
    expect(mean(line.filter(([x]) => x < middle))).toBeLessThan(mean(line.filter(([x]) => x > middle)) - 50);
  });

  it("shows every measurement, above the training where it is worse", () => {
    const marks = pixelsOf(curveChart(options), TEST);
    expect(marks.length).toBeGreaterThan(2 * 49);
    const highest = (found: [number, number][], from: number, to: number) =>
      Math.min(...found.filter(([x]) => x >= from && x <= to).map(([, y]) => y));
    const x = Math.min(...marks.map(([column]) => column)) + 3;
    expect(highest(marks, x - 3, x + 3)).toBeLessThan(
      highest(pixelsOf(curveChart(options), TRAINING), x - 1, x + 1),
    );
  });

  it("is drawn of a single step, and of none", () => {
    const single = {
      title: "t",
      unit: "bits per dimension",
      training: training.slice(1, 2),
      measured: [],
      steps: 1,
    };
    expect(pixelsOf(curveChart({ ...single, measured: options.measured, steps: 400 }), TEST)).not.toEqual([]);
    expect(curveChart(single).width).toBeGreaterThan(0);
    expect(curveChart({ ...single, training: [] }).width).toBeGreaterThan(0);
  });
});
