import { describe, expect, it } from "vitest";
import { symmetricEigen } from "../../src/math/linalg.js";
import { makeRng } from "../../src/math/rng.js";
import { largeSymmetricEigen } from "../../src/math/symmetric-eigen.js";

/** A symmetric matrix of random numbers, each of its rows and columns scaled. */
function symmetric(n: number, scale: (i: number) => number): Float64Array {
  const rng = makeRng(n);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = rng.normal() * scale(i) * scale(j);
  return a;
}

const sizeOf = (a: Float64Array): number => Math.sqrt(a.reduce((sum, v) => sum + v * v, 0));

/** Largest entries of A V − V Λ, in parts of A, and of VᵀV − I. */
function errors(a: Float64Array, values: Float64Array, vectors: Float64Array, n: number): [number, number] {
  let [residual, departure] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let [product, overlap] = [0, 0];
      for (let k = 0; k < n; k++) {
        product += a[i * n + k]! * vectors[k * n + j]!;
        overlap += vectors[k * n + i]! * vectors[k * n + j]!;
      }
      residual = Math.max(residual, Math.abs(product - values[j]! * vectors[i * n + j]!));
      departure = Math.max(departure, Math.abs(overlap - (i === j ? 1 : 0)));
    }
  return [residual / (sizeOf(a) || 1), departure];
}

describe("eigenvalues and eigenvectors of a large symmetric matrix", () => {
  // 33 rows and more are more than one batch of sweeps, 70 more than one pause, none is a multiple of the strips
  it.each<[string, number, Float64Array]>([
    ["of one row", 1, Float64Array.of(3)],
    ["of two", 2, Float64Array.of(1, 2, 2, 1)],
    ["of 33", 33, symmetric(33, () => 1)],
    ["of 130", 130, symmetric(130, () => 1)],
    ["of scales from 1 to 1e-8", 70, symmetric(70, (i) => 10 ** (-i / 9))],
    [
      "of rank 1",
      60,
      Float64Array.from({ length: 3600 }, (_, k) => (1 + (k % 60)) * (1 + Math.floor(k / 60))),
    ],
    ["of zeros", 40, new Float64Array(1600)],
    [
      "that is diagonal, out of order",
      50,
      Float64Array.from({ length: 2500 }, (_, k) => (k % 51 === 0 ? (k * 7) % 13 : 0)),
    ],
  ])("%s", async (_, n, a) => {
    const before = Float64Array.from(a);
    const { values, vectors } = await largeSymmetricEigen(a, n);
    expect(a).toEqual(before);
    const [residual, departure] = errors(a, values, vectors, n);
    expect(residual).toBeLessThan(1e-13);
    expect(departure).toBeLessThan(1e-12);
    const known = symmetricEigen({ rows: n, columns: n, data: a }).values;
    values.forEach((value, i) => expect(Math.abs(value - known[i]!)).toBeLessThan(1e-13 * (sizeOf(a) || 1)));
    expect([...values]).toEqual([...values].sort((x, y) => x - y));
  });
});
