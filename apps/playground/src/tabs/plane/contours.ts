/**
 * Lines where a field on a grid of side² values equals a level, by marching squares: pairs of points
 * (x0, y0, x1, y1, …) in cells from the upper left, midpoints of cells at half numbers.
 */
export function contour(field: ArrayLike<number>, side: number, level: number): number[] {
  const out: number[] = [];
  for (let row = 0; row + 1 < side; row++)
    for (let column = 0; column + 1 < side; column++) {
      const at = row * side + column;
      const [a, b, c, d] = [field[at]!, field[at + 1]!, field[at + side + 1]!, field[at + side]!];
      if (a < level === b < level && b < level === c < level && c < level === d < level) continue;
      const crossings: number[] = [];
      const cross = (from: number, to: number, x0: number, y0: number, x1: number, y1: number): void => {
        if (from < level === to < level) return;
        const t = (level - from) / (to - from);
        crossings.push(column + 0.5 + x0 + t * (x1 - x0), row + 0.5 + y0 + t * (y1 - y0));
      };
      cross(a, b, 0, 0, 1, 0);
      cross(b, c, 1, 0, 1, 1);
      cross(c, d, 1, 1, 0, 1);
      cross(d, a, 0, 1, 0, 0);
      // two crossings are a segment, four (a saddle) are two
      out.push(...crossings);
    }
  return out;
}
