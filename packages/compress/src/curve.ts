import type { BitStack } from "./bit-stack.js";
import { expectOnGrid, type GridCoder, plainCoder, toGrid, UNIT } from "./grid.js";
import type { GridNetwork } from "./grid-network.js";
import { popUniform, pushUniform } from "./uniform.js";

/** An increasing function of entry i, and its inverse, in float64: sums, products, quotients and square roots only. */
export type Increasing = Readonly<{
  value(i: number, x: number): number;
  inverse(i: number, y: number): number;
}>;

/** Cells of the finer grid in one of the grid. */
const FINE = 2 ** 16;

/**
 * Where the interval of grid point X begins on the finer grid. The slope is mixed with 2⁻¹⁶ of the identity, so that no
 * interval is empty; fixed points stay.
 */
const edge = (f: Increasing, i: number, X: number): number =>
  expectOnGrid(Math.round((f.value(i, X * UNIT) / UNIT) * (FINE - 1)) + X);

/**
 * The largest X with edge(X) ≤ u, found from the inverse by doubling steps and bisection.
 */
function preimage(f: Increasing, i: number, u: number): number {
  let low = Math.floor(f.inverse(i, (u / FINE) * UNIT) / UNIT);
  let step = 1;
  while (edge(f, i, low) > u) {
    low -= step;
    step *= 2;
  }
  step = 1;
  let high = low + 1;
  while (edge(f, i, high) <= u) {
    low = high;
    high += step;
    step *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (edge(f, i, middle) <= u) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * z = f(x) on the grid. The interval [X, X + 1) goes to an interval of w cells of a finer grid, 2¹⁶ of them to a unit. One of the
 * w is popped, and its place inside of its unit is pushed: log₂(w / 2¹⁶) = log₂ f′ bits leave the stack.
 * The scalar case of local bits-back coding (Ho et al. 2019, arXiv:1905.08500), without its Gaussian noise.
 */
export function bend(f: Increasing, i: number, X: number, bits: BitStack): number {
  const from = edge(f, i, X);
  const u = from + popUniform(bits, edge(f, i, X + 1) - from);
  const Z = Math.floor(u / FINE);
  pushUniform(bits, u - Z * FINE, FINE);
  return Z;
}

/** The inverse of `bend`, of the stack as well. */
export function unbend(f: Increasing, i: number, Z: number, bits: BitStack): number {
  const u = Z * FINE + popUniform(bits, FINE);
  const X = preimage(f, i, u);
  const from = edge(f, i, X);
  pushUniform(bits, u - from, edge(f, i, X + 1) - from);
  return X;
}

/** `bend` for entries from … to − 1 in order; f counts them from 0. */
function bendAll(f: Increasing, x: Float64Array, from: number, to: number, bits: BitStack): void {
  for (let i = from; i < to; i++) x[i] = bend(f, i - from, x[i]!, bits);
}

/** The inverse of `bendAll`. */
function unbendAll(f: Increasing, z: Float64Array, from: number, to: number, bits: BitStack): void {
  for (let i = to - 1; i >= from; i--) z[i] = unbend(f, i - from, z[i]!, bits);
}

/** z_i = f_i(x_i) for every entry. */
export const bent = (f: Increasing): GridCoder =>
  plainCoder(
    (x, bits) => {
      bendAll(f, x, 0, x.length, bits);
      return x;
    },
    (z, bits) => {
      unbendAll(f, z, 0, z.length, bits);
      return z;
    },
  );

/** z = x · factor, factors positive, for rows of as many entries as there are factors. */
export function stretched(factors: ArrayLike<number>): GridCoder {
  const n = factors.length;
  return bent({
    value: (i, x) => x * factors[i % n]!,
    inverse: (i, y) => y / factors[i % n]!,
  });
}

/** x ↦ x + shift, whole units. */
export const shiftBy = (shift: ArrayLike<number>): Increasing => {
  const steps = Float64Array.from(shift, (v) => toGrid(v) * UNIT);
  return { value: (i, x) => x + steps[i]!, inverse: (i, y) => y - steps[i]! };
};

/** A coupling: the first entries stay, and a network of them decides on the functions of the others. */
export const conditioned = (
  kept: number,
  network: GridNetwork,
  functions: (found: Float64Array[]) => Increasing,
): GridCoder => ({
  async encode(x, bits) {
    const f = functions(await network.run(x.subarray(0, kept)));
    bendAll(f, x, kept, x.length, bits);
    return x;
  },
  async decode(z, bits) {
    const f = functions(await network.run(z.subarray(0, kept)));
    unbendAll(f, z, kept, z.length, bits);
    return z;
  },
  dispose: network.dispose,
});
