import type { Increasing } from "./curve.js";

/**
 * M rational-quadratic splines of K bins: knots x and y [M, K + 1], and the derivatives at the left and right ends of bins over
 * their slopes, α and β [M, K]. Beyond the knots the slope is 1.
 */
export type Splines = Readonly<{
  bins: number;
  x: Float64Array;
  y: Float64Array;
  alpha: Float64Array;
  beta: Float64Array;
}>;

/**
 * Splines as functions for `bent`, by the formulas of `splineForward` and `splineInverse` in float64. Slopes are those of
 * the knots, so that neighbouring bins meet. Entry i uses spline `of(i)`, by default the i-th.
 */
export function splineMap({ bins, x, y, alpha, beta }: Splines, of = (i: number): number => i): Increasing {
  const knots = bins + 1;
  /** The bin of v by these knots: −1 below, K from the last knot on. */
  const binOf = (at: Float64Array, first: number, v: number): number => {
    if (v < at[first]!) return -1;
    let [low, high] = [0, knots];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (at[first + middle]! <= v) low = middle;
      else high = middle;
    }
    return low;
  };
  return {
    value(i, v) {
      const first = of(i) * knots;
      const bin = binOf(x, first, v);
      const k = first + Math.min(Math.max(bin, 0), bins);
      const t = v - x[k]!;
      if (bin < 0 || bin === bins) return y[k]! + t;
      const [width, height] = [x[k + 1]! - x[k]!, y[k + 1]! - y[k]!];
      const xi = t / width;
      const u = 1 - xi;
      const [a, b] = [alpha[of(i) * bins + bin]!, beta[of(i) * bins + bin]!];
      const p = xi + a * u;
      return y[k]! + height * ((xi * p) / (xi * p + u * (u + b * xi)));
    },
    inverse(i, w) {
      const first = of(i) * knots;
      const bin = binOf(y, first, w);
      const k = first + Math.min(Math.max(bin, 0), bins);
      const rise = w - y[k]!;
      if (bin < 0 || bin === bins) return x[k]! + rise;
      const [width, height] = [x[k + 1]! - x[k]!, y[k + 1]! - y[k]!];
      const tau = rise / height;
      const [a, b] = [alpha[of(i) * bins + bin]!, beta[of(i) * bins + bin]!];
      const turn = (a + b - 2) * tau;
      const [first2, second] = [1 - a + turn, a - turn];
      const root = Math.sqrt(Math.max(second * second + 4 * first2 * tau, 0));
      return x[k]! + width * ((2 * tau) / (second + root));
    },
  };
}

/**
 * The splines of `splineKnots`, [K, M] each, on [−bound, bound]: left knots, sizes and derivatives as they come from a
 * network.
 */
export function splinesOfKnots(
  [x0, , y0, , d0, d1]: readonly Float64Array[],
  bins: number,
  bound: number,
): Splines {
  const count = (x0 as Float64Array).length / bins;
  const ends = (rows: Float64Array): Float64Array =>
    Float64Array.from({ length: count * (bins + 1) }, (_, at) => {
      const [i, k] = [Math.floor(at / (bins + 1)), at % (bins + 1)];
      return k === 0 ? -bound : k === bins ? bound : rows[k * count + i]!;
    });
  const [x, y] = [ends(x0 as Float64Array), ends(y0 as Float64Array)];
  const overSlope = (rows: Float64Array): Float64Array =>
    Float64Array.from({ length: count * bins }, (_, at) => {
      const [i, k] = [Math.floor(at / bins), at % bins];
      const left = i * (bins + 1) + k;
      return (rows[k * count + i]! * (x[left + 1]! - x[left]!)) / (y[left + 1]! - y[left]!);
    });
  return { bins, x, y, alpha: overSlope(d0 as Float64Array), beta: overSlope(d1 as Float64Array) };
}

/** Places of the numbers of a curve in a table: x₀, y₀, 1 / width, slope, α, β. */
const [X0, Y0, ALPHA, BETA] = [0, 1, 4, 5];

/**
 * The splines of a table of curves, those of M splines with a tail on both sides, [M, K + 2, 6]; the left knots of the upper
 * tail are the last.
 */
export function splinesOfCurves(curves: Float64Array, bins: number): Splines {
  const count = curves.length / 6 / (bins + 2);
  const column = (number: number, length: number): Float64Array =>
    Float64Array.from({ length: count * length }, (_, at) => {
      const [i, k] = [Math.floor(at / length), at % length];
      return curves[(i * (bins + 2) + k + 1) * 6 + number]!;
    });
  return {
    bins,
    x: column(X0, bins + 1),
    y: column(Y0, bins + 1),
    alpha: column(ALPHA, bins),
    beta: column(BETA, bins),
  };
}
