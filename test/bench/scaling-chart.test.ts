import { expect, test } from "vitest";
import { scalingChart } from "../../bench/scaling-chart.js";
import type { Sweep } from "../../bench/sweep.js";
import { marks } from "../../packages/cli/test/pictures/svg.js";

const point = (size: number, stepPerG: number, floorPerG: number) => ({
  size,
  stepPerG,
  floorPerG,
  stepMs: 1,
  gMs: 1,
});

test("sweeps are drawn side by side on logarithmic axes", async () => {
  const sweeps: Sweep[] = [
    { name: "batch", what: "images of a batch", points: [point(1, 3, 0), point(2, 4, 0.5), point(4, 8, 1)] },
    { name: "cores", what: "threads <of> mnist", points: [point(1, 3, 2)] },
    { name: "none", what: "nothing", points: [] },
  ];
  const svg = await scalingChart(sweeps);
  for (const text of ["batch", "images of a batch", "threads &lt;of&gt; mnist", "0.1", "10", "measured step"])
    expect(svg).toContain(`>${text}</text>`);
  expect(svg).not.toMatch(/NaN|Infinity/);
  // one picture with one name for a screen reader, however many panels it has
  expect(svg.match(/ (role|aria-\w+)=/g)).toEqual([" role=", " aria-label="]);
  // a time of zero has no place on the axis; a single size is a point
  const lengths = marks(svg, "line").map(({ points }) => points.length);
  expect(lengths).toEqual([3, 2, 1, 1]);
  expect(marks(svg, "symbol")).toHaveLength(7);
});
