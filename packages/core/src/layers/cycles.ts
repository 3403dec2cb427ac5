import { numpy as np } from "@jax-js/jax";
import { DomainError, ShapeError } from "../errors.js";

/** Numbers apart from their places in cycles. */
type InCycles = Readonly<{
  /** [B, n] to [B, n + cycles]: the numbers, then their places. */
  apart(x: np.Array): np.Array;
  together(row: np.Array): np.Array;
  /** log |det| of the change, the same for all rows. */
  contribution: number;
}>;

const NONE: InCycles = { apart: (x) => x, together: (row) => row, contribution: 0 };

/**
 * A number x = a + g (m q + r + u) of a grid, q and r whole, 0 ≤ r < m and |u| ≤ ½, as q + u and r: how many cycles of m steps lie before
 * it, with what it has beyond its grid, and its place in its cycle. Each x has one q, one r and one u, so the change is exact.
 *
 * @param cycles [column, m, g, a] each
 */
export function inCycles(name: string, n: number, cycles: readonly (readonly number[])[]): InCycles {
  if (cycles.length === 0) return NONE;
  for (const [column = -1, period = 0, gap = 0] of cycles) {
    if (!Number.isInteger(column) || column < 0 || column >= n)
      throw new ShapeError(`${name}: expected cycles of the columns 0 to ${n - 1}, got ${column}`);
    if (!Number.isInteger(period) || period < 2 || gap <= 0)
      throw new DomainError(
        `${name}: expected cycles of at least 2 whole steps above 0, got ${period} of ${gap}`,
      );
  }
  const at = cycles.map(([column = 0]) => column);
  const periods = cycles.map(([, period = 1]) => period);
  const gaps = cycles.map(([, , gap = 1]) => gap);
  const origins = cycles.map(([, , , origin = 0]) => origin);
  /** A number for each column of the row, another one for those without a cycle. */
  const row = (own: readonly number[], other: number, { dtype }: Pick<np.Array, "dtype">): np.Array => {
    const all = new Float32Array(n).fill(other);
    for (const [i, c] of at.entries()) all[c] = own[i]!;
    return np.array(all).astype(dtype);
  };
  const isIn = (): np.Array => np.greater(row(periods, 0, { dtype: np.float32 }), 0);
  /** From the cycles to the columns of the row, [cycles, n]. */
  const spread = ({ dtype }: Pick<np.Array, "dtype">): np.Array => {
    const places = new Float32Array(cycles.length * n);
    for (const [i, c] of at.entries()) places[i * n + c] = 1;
    return np.array(places).reshape([cycles.length, n]).astype(dtype);
  };
  /** The places that a cycle has. */
  const within = (places: np.Array): np.Array => {
    const last = np.array(Float32Array.from(periods, (m) => m - 1)).astype(places.dtype);
    return np.minimum(np.maximum(places, 0), last);
  };
  return {
    apart(x) {
      const of = { dtype: x.dtype };
      const steps = x.ref.sub(row(origins, 0, of)).div(row(gaps, 1, of));
      const whole = np.floor(steps.ref.add(0.5));
      const before = np.floor(whole.ref.add(0.5).div(row(periods, 1, of)));
      const inside = whole.ref.sub(before.ref.mul(row(periods, 1, of)));
      const places = within(np.take(inside, np.array([...at], { dtype: np.int32 }), 1));
      return np.concatenate([np.where(isIn(), before.add(steps.sub(whole)), x), places], 1);
    },
    together(both) {
      const of = { dtype: both.dtype };
      const places = within(np.floor(both.ref.slice([], [n, n + cycles.length]).add(0.5)));
      const x = both.slice([], [0, n]);
      const before = np.floor(x.ref.add(0.5));
      const beyond = x.ref.sub(before.ref);
      const whole = before.mul(row(periods, 1, of)).add(np.matmul(places, spread(of)));
      return np.where(
        isIn(),
        whole
          .add(beyond)
          .mul(row(gaps, 1, of))
          .add(row(origins, 0, of)),
        x,
      );
    },
    contribution: -gaps.reduce((sum, gap) => sum + Math.log(gap), 0),
  };
}
