import { blur2 } from "d3-array";
import { contours } from "d3-contour";

/** A line through points: x, y, x, y, … */
export type Line = readonly number[];

/** A density on a grid: `values[row * side + column]` in the middle of the cell, from the lower left. */
export type Grid = Readonly<{
  side: number;
  x: readonly [low: number, high: number];
  y: readonly [low: number, high: number];
  values: Float64Array;
}>;

/** Cells of a side, and the width of the smoothing in cells. */
const SIDE = 40;
const WIDTH = 1.6;

/** Shares of points on a grid, smoothed by a Gaussian: those outside of the grid are left out. */
export function densityGrid(
  points: readonly (readonly [x: number, y: number])[],
  x: Grid["x"],
  y: Grid["y"],
): Grid {
  const data = new Float64Array(SIDE * SIDE);
  for (const point of points) {
    const column = Math.floor(((point[0] - x[0]) / (x[1] - x[0])) * SIDE);
    const row = Math.floor(((point[1] - y[0]) / (y[1] - y[0])) * SIDE);
    if (column >= 0 && column < SIDE && row >= 0 && row < SIDE)
      data[row * SIDE + column]! += 1 / points.length;
  }
  blur2({ data, width: SIDE }, WIDTH);
  return { side: SIDE, x, y, values: data };
}

/** The level above which a share of the mass lies. */
export function massLevel({ values }: Grid, share: number): number {
  const descending = Float64Array.from(values).sort().reverse();
  const total = descending.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  return descending.find((value) => {
    sum += value;
    return sum >= share * total;
  })!;
}

/** Closed lines where a density equals a level. */
export function contourLines({ side, values, x, y }: Grid, level: number): Line[] {
  const along = (cells: number, [low, high]: readonly [number, number]): number =>
    low + (cells / side) * (high - low);
  const { coordinates } = contours().size([side, side]).contour(Array.from(values), level);
  return coordinates
    .flat()
    .map((ring) => ring.flatMap(([column = 0, row = 0]) => [along(column, x), along(row, y)]));
}
