/** Half the side of the shown square, and of the integration square. */
export const SHOWN = 3.5;
export const INTEGRATED = 6;
/** Samples of the noise that estimate the density of a flow with a bound: p(x) = E exp(bound). */
export const DRAWS = 4;
/** Cells per unit of length. */
const RESOLUTION = 12;

/** Cells along a side of each square. */
export const SHOWN_SIDE = 2 * SHOWN * RESOLUTION;
const SIDE = 2 * INTEGRATED * RESOLUTION;
const CELL = 1 / RESOLUTION ** 2;

/** Midpoints of all cells, [SIDE², 2], row by row from the top. */
export const midpoints = (): Float32Array =>
  Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
    const cell = Math.floor(i / 2);
    return i % 2 === 0
      ? ((cell % SIDE) + 0.5) / RESOLUTION - INTEGRATED
      : INTEGRATED - (Math.floor(cell / SIDE) + 0.5) / RESOLUTION;
  });

/** ∫ exp(log p) over the square, by the midpoint rule. */
export const integral = (logDensity: Float64Array): number =>
  CELL * logDensity.reduce((sum, value) => sum + Math.exp(value), 0);

/** Share of the points [n, 2] outside of the square. */
export const outsidePart = (points: Float32Array): number =>
  Array.from({ length: points.length / 2 }, (_, i) => points.subarray(2 * i, 2 * i + 2)).filter((point) =>
    point.some((value) => Math.abs(value) > INTEGRATED),
  ).length /
  (points.length / 2);

/** The shown cells. */
export function shown(logDensity: Float64Array): Float32Array {
  const margin = (SIDE - SHOWN_SIDE) / 2;
  return Float32Array.from({ length: SHOWN_SIDE ** 2 }, (_, i) => {
    const [row, column] = [Math.floor(i / SHOWN_SIDE), i % SHOWN_SIDE];
    return logDensity[(row + margin) * SIDE + column + margin]!;
  });
}

/** Lines of the mesh in each direction, and points along each line. */
export const MESH_LINES = 17;
export const MESH_POINTS = 41;

/** Points of the mesh on the shown square, [2 · lines · points, 2]: first the vertical lines, then the horizontal ones. */
export function mesh(): Float32Array {
  const out: number[] = [];
  const at = (i: number, count: number): number => SHOWN * ((2 * i) / (count - 1) - 1);
  for (const upright of [true, false])
    for (let line = 0; line < MESH_LINES; line++)
      for (let point = 0; point < MESH_POINTS; point++) {
        const [fixed, along] = [at(line, MESH_LINES), at(point, MESH_POINTS)];
        out.push(...(upright ? [fixed, along] : [along, fixed]));
      }
  return Float32Array.from(out);
}
