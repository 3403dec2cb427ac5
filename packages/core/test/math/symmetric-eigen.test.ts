import { describe, expect, it } from "vitest";
import { randomOrthogonal, symmetricEigen } from "../../src/math/linalg.js";
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

/** V Λ Vᵀ with random orthonormal columns V. */
function ofSpectrum(n: number, value: (i: number) => number): Float64Array {
  const v = randomOrthogonal(makeRng(n), n).data;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += v[i * n + k]! * value(k) * v[j * n + k]!;
      a[i * n + j] = a[j * n + i] = sum;
    }
  return a;
}

/** The covariance of rows in 32-bit numbers, as initialization computes it. */
function covarianceOf(rows: readonly Float32Array[]): Float64Array {
  const n = rows[0]!.length;
  const mean = Float32Array.from(
    { length: n },
    (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length,
  );
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const sum = rows.reduce((s, row) => Math.fround(s + (row[i]! - mean[i]!) * (row[j]! - mean[j]!)), 0);
      a[i * n + j] = sum / rows.length;
    }
  return a;
}

/** Few rows of many columns, most of them constant up to little noise, as the edges of digits are. */
function fewRows(count: number, n: number): Float32Array[] {
  const rng = makeRng(count);
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: n }, (_, i) => rng.normal() * 10 ** (-10 * Math.abs(1 - (2 * i) / n))),
  );
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
    ["of eigenvalues from 1 to 1e-21", 90, ofSpectrum(90, (i) => 10 ** ((-21 * i) / 89))],
    ["of eigenvalues from 1e-21 to 1", 90, ofSpectrum(90, (i) => 10 ** ((21 * i) / 89 - 21))],
    ["of scales from 1e-21 to 1", 90, symmetric(90, (i) => 10 ** ((21 * i) / 178 - 10.5))],
    ["of 12 rows of 120 columns", 120, covarianceOf(fewRows(12, 120))],
    ["of 60 rows of 120 columns", 120, covarianceOf(fewRows(60, 120))],
    ["of equal rows", 60, covarianceOf(Array.from({ length: 9 }, () => fewRows(1, 60)[0]!))],
    ["of one row of data", 60, covarianceOf(fewRows(1, 60))],
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
