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
  const values = new Float64Array(SIDE * SIDE);
  for (const point of points) {
    const column = Math.floor(((point[0] - x[0]) / (x[1] - x[0])) * SIDE);
    const row = Math.floor(((point[1] - y[0]) / (y[1] - y[0])) * SIDE);
    if (column >= 0 && column < SIDE && row >= 0 && row < SIDE)
      values[row * SIDE + column]! += 1 / points.length;
  }
  const along = smoothed(values, 1, SIDE);
  return { side: SIDE, x, y, values: smoothed(along, SIDE, 1) };
}

/** Smooths cells that are `step` apart, in lines that are `next` apart. */
function smoothed(values: Float64Array, step: number, next: number): Float64Array {
  const reach = Math.ceil(3 * WIDTH);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-(((i - reach) / WIDTH) ** 2) / 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const out = new Float64Array(values.length);
  for (let line = 0; line < SIDE; line++)
    for (let from = 0; from < SIDE; from++)
      for (let i = -reach; i <= reach; i++) {
        const to = from + i;
        if (to >= 0 && to < SIDE)
          out[line * next + to * step]! += (values[line * next + from * step]! * weights[i + reach]!) / sum;
      }
  return out;
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

/** Lines where a density equals a level, by marching squares, joined as far as they go. */
export function contourLines(grid: Grid, level: number): Line[] {
  const { side, values, x, y } = grid;
  // a frame of zeros closes every line
  const at = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= side || row >= side ? 0 : values[row * side + column]!;
  const segments: [from: string, to: string][] = [];
  const places = new Map<string, readonly [number, number]>();
  const crossing = (column: number, row: number, right: number, up: number): string => {
    const [a, b] = [at(column, row), at(column + right, row + up)];
    const t = (level - a) / (b - a);
    const key = `${column} ${row} ${right}`;
    const along = (cells: number, [low, high]: readonly [number, number]): number =>
      low + Math.min(1, Math.max(0, cells / side)) * (high - low);
    places.set(key, [along(column + 0.5 + t * right, x), along(row + 0.5 + t * up, y)]);
    return key;
  };
  for (let row = -1; row < side; row++)
    for (let column = -1; column < side; column++) {
      const inside = [at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)].map(
        (value) => value >= level,
      );
      const [a, b, c, d] = inside as [boolean, boolean, boolean, boolean];
      const found = [
        ...(a === b ? [] : [crossing(column, row, 1, 0)]),
        ...(b === c ? [] : [crossing(column + 1, row, 0, 1)]),
        ...(c === d ? [] : [crossing(column, row + 1, 1, 0)]),
        ...(d === a ? [] : [crossing(column, row, 0, 1)]),
      ];
      // two crossings are a segment, four (a saddle) are two
      for (let i = 0; i < found.length; i += 2) segments.push([found[i]!, found[i + 1]!]);
    }
  return joined(segments).map((keys) => keys.flatMap((key) => [...places.get(key)!]));
}

/** Chains of segments that share their ends. */
function joined(segments: readonly (readonly [string, string])[]): string[][] {
  const at = new Map<string, number[]>();
  segments.forEach((ends, i) => {
    for (const end of ends) at.set(end, [...(at.get(end) ?? []), i]);
  });
  const used = new Set<number>();
  return segments.flatMap((ends, i) => {
    if (used.has(i)) return [];
    used.add(i);
    const line = [...ends];
    for (;;) {
      const next = at.get(line.at(-1)!)!.find((each) => !used.has(each));
      if (next === undefined) return [line];
      used.add(next);
      const [a, b] = segments[next]!;
      line.push(a === line.at(-1) ? b : a);
    }
  });
}
