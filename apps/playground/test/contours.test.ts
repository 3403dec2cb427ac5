import { expect, test } from "vitest";
import { contour } from "../src/tabs/plane/contours.js";

const SIDE = 40;
/** Distance from the middle of the grid, at midpoints of cells. */
const distance = Float64Array.from({ length: SIDE ** 2 }, (_, i) =>
  Math.hypot((i % SIDE) + 0.5 - SIDE / 2, Math.floor(i / SIDE) + 0.5 - SIDE / 2),
);

test("the contour of a distance is a circle: its points lie on it, and its length is 2πr", () => {
  const radius = 12;
  const lines = contour(distance, SIDE, radius);
  let length = 0;
  for (let i = 0; i < lines.length; i += 4) {
    const [x0, y0, x1, y1] = lines.slice(i, i + 4) as [number, number, number, number];
    expect(Math.hypot(x0 - SIDE / 2, y0 - SIDE / 2)).toBeCloseTo(radius, 1);
    length += Math.hypot(x1 - x0, y1 - y0);
  }
  expect(length / (2 * Math.PI * radius)).toBeCloseTo(1, 2);
});

test("a level that nothing reaches has no contour", () => {
  expect(contour(distance, SIDE, 100)).toEqual([]);
});
