/** A point of an increasing curve, with the slope there. */
export type Knot = Readonly<{ x: number; y: number; slope: number }>;

/** Value and slope of a curve at x. */
export type Curve = (x: number) => { y: number; slope: number };

/**
 * The monotone rational-quadratic curve through knots, from the first to the last.
 *
 * Source: Gregory and Delbourgo 1982.
 */
export function curveThrough(knots: readonly Knot[]): Curve {
  const last = knots.length - 1;
  return (x) => {
    if (x <= knots[0]!.x) return knots[0]!;
    if (x >= knots[last]!.x) return knots[last]!;
    let [low, high] = [0, last];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (knots[middle]!.x <= x) low = middle;
      else high = middle;
    }
    const [from, to] = [knots[low]!, knots[high]!];
    const [width, rise] = [to.x - from.x, to.y - from.y];
    const mean = rise / width;
    if (!(mean > 0)) return { y: from.y, slope: 0 };
    const t = (x - from.x) / width;
    const rest = t * (1 - t);
    const below = mean + (from.slope + to.slope - 2 * mean) * rest;
    return {
      y: from.y + (rise * (mean * t ** 2 + from.slope * rest)) / below,
      slope: (mean / below) ** 2 * (to.slope * t ** 2 + 2 * mean * rest + from.slope * (1 - t) ** 2),
    };
  };
}
