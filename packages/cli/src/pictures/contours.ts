import { blur2 } from "d3-array";
import { contours } from "d3-contour";
import type { Ends } from "./series.js";

export type Point = readonly [x: number, y: number];

/** Closed lines x, y, x, y, … around the densest places that hold a share of the points. */
export type ShareLines = Readonly<{ share: number; lines: readonly (readonly number[])[] }>;

/** Cells of a side where nobody says how many, and the width of the smoothing in cells. */
const SIDE = 40;
const WIDTH = 1.6;
/** Shares of points that lines are drawn around. */
const SHARES = [0.5, 0.8, 0.95] as const;

/** Lines around half of the points, and around more of them, by their density on a grid, which is smoothed by a Gaussian. */
export function linesAround(points: readonly Point[], x: Ends, y: Ends, side = SIDE): ShareLines[] {
  const data = new Float64Array(side * side);
  const cells = points.map(([a, b]) => {
    const column = Math.floor(((a - x[0]) / (x[1] - x[0])) * side);
    const row = Math.floor(((b - y[0]) / (y[1] - y[0])) * side);
    return column >= 0 && column < side && row >= 0 && row < side ? row * side + column : -1;
  });
  for (const cell of cells) if (cell >= 0) data[cell]!++;
  blur2({ data, width: side }, WIDTH);
  const descending = Float64Array.from(cells, (cell) => data[cell] ?? 0)
    .sort()
    .reverse();
  const least = descending.findLast((density) => density > 0) ?? 0;
  const along = (cell: number, [low, high]: Ends): number => low + (cell / side) * (high - low);
  return SHARES.map((share) => {
    const level = Math.max(descending[Math.ceil(share * points.length) - 1] ?? 0, least);
    const { coordinates } = contours().size([side, side]).contour(Array.from(data), level);
    const lines = coordinates
      .flat()
      .map((ring) => ring.flatMap(([column = 0, row = 0]) => [along(column, x), along(row, y)]));
    return { share, lines };
  });
}
