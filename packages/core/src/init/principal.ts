import { numpy as np } from "@jax-js/jax";
import { type HostMatrix, identityMatrix } from "../math/linalg.js";
import { eigenOf } from "../math/symmetric-eigen.js";
import { floats } from "../params/host.js";
import type { CalibrationData } from "./calibration-data.js";
import { factored } from "./factor-analysis.js";
import { rowMoments } from "./moments.js";

/** Off-diagonal correlation below which data count as white and keep their order. */
const WHITE = 1e-2;

/** Smallest variance for a division, relative to the mean variance, and absolute. */
const RELATIVE_FLOOR = 1e-6;
const ABSOLUTE_FLOOR = 1e-12;

/**
 * Examples that the principal directions of n coordinates need: with fewer, the least variances come out far too small,
 * and those of other examples are larger by a factor of 1 + n / N or more.
 */
export const examplesOfDirections = (n: number): number => 16 * n;

export type Principal = {
  mean: Float64Array;
  /** Orthonormal columns, least variance first. */
  directions: HostMatrix;
  /** Standard deviation along each direction, floored. */
  std: Float64Array;
  /** The standard deviation below which these few examples carry no information; 0 for enough examples. */
  doubt: number;
};

/**
 * Principal directions of rows [n], ascending. Data that are already white (uncorrelated with equal variances) have no
 * principal directions and keep their order.
 */
export async function principalDirections(rows: CalibrationData): Promise<Principal> {
  const { mean, covariance } = await rowMoments(rows);
  return directionsOf(rows, mean, covariance, rows.count);
}

/** The same of the covariance that factor analysis finds. */
export async function factorDirections(rows: CalibrationData): Promise<Principal> {
  const { mean, covariance } = await rowMoments(rows);
  return directionsOf(rows, mean, await factored(covariance, rows.count), Number.POSITIVE_INFINITY);
}

async function directionsOf(
  rows: CalibrationData,
  mean: Float64Array,
  covariance: HostMatrix,
  /** That all variances are found from. */
  examples: number,
): Promise<Principal> {
  const n = covariance.rows;
  const diagonal = Float64Array.from({ length: n }, (_, i) => covariance.data[i * n + i] as number);
  const scale = diagonal.reduce((a, b) => a + b, 0) / n;
  const white = isWhite(covariance, scale);
  const { values, vectors } = white
    ? { values: diagonal, vectors: identityMatrix(n) }
    : await directionsIn(covariance, diagonal);
  if (!white) await orient(vectors, mean, rows);
  // constant data (or one example) do not determine a scale: 1, not a millionth
  const doubtful = leastReliable(values, examples);
  const floor = scale < ABSOLUTE_FLOOR ? 1 : Math.max(RELATIVE_FLOOR * scale, ABSOLUTE_FLOOR, doubtful);
  return {
    mean,
    directions: vectors,
    std: values.map((value) => Math.sqrt(Math.max(value, floor))),
    doubt: Math.sqrt(doubtful),
  };
}

/** Rows from which on a matrix of uncorrelated data is not decomposed. */
const VERY_LARGE = 1000;

/** Eigenvalues, ascending, and eigenvectors of a covariance. A very large one of uncorrelated data is only sorted. */
async function directionsIn(
  covariance: HostMatrix,
  diagonal: Float64Array,
): Promise<{ values: Float64Array; vectors: HostMatrix }> {
  const n = covariance.rows;
  if (n >= VERY_LARGE && isUncorrelated(covariance, diagonal)) return inOrder(diagonal);
  return eigenOf(covariance);
}

/** The coordinate axes as directions, least variance first. */
function inOrder(diagonal: Float64Array): { values: Float64Array; vectors: HostMatrix } {
  const n = diagonal.length;
  const order = Array.from(diagonal, (_, i) => i).sort((a, b) => diagonal[a]! - diagonal[b]!);
  const data = new Float64Array(n * n);
  order.forEach((from, to) => {
    data[from * n + to] = 1;
  });
  return {
    values: Float64Array.from(order, (from) => diagonal[from]!),
    vectors: { rows: n, columns: n, data },
  };
}

/** Like `isWhite`, for different variances: the result of a whitening with floored variances. */
function isUncorrelated({ rows: n, data }: HostMatrix, diagonal: Float64Array): boolean {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++)
      if (Math.abs(data[i * n + j]!) > WHITE * Math.sqrt(diagonal[i]! * diagonal[j]!)) return false;
  return true;
}

/**
 * Flips each direction so that its coordinate has positive skewness: the sign of a principal direction is arbitrary,
 * and a spline shared by all coordinates then gets similar shapes.
 */
async function orient(vectors: HostMatrix, mean: Float64Array, rows: CalibrationData): Promise<void> {
  const n = vectors.rows;
  const directions = floats(Float32Array.from(vectors.data), [n, n]);
  const centre = floats(Float32Array.from(mean));
  const skewness = await rows.sum((part) => {
    const projected = np.matmul(part.sub(centre.ref), directions.ref);
    return np.sum(np.square(projected.ref).mul(projected), 0);
  });
  directions.dispose();
  centre.dispose();
  for (let j = 0; j < n; j++)
    if ((skewness[j] as number) < 0) for (let i = 0; i < n; i++) vectors.data[i * n + j]! *= -1;
}

/**
 * The smallest eigenvalue that N examples can estimate: below rank N/2, sample variances are far too small (zero beyond
 * rank N), and a division by them would blow up other examples.
 */
function leastReliable(values: Float64Array, examples: number): number {
  const descending = Float64Array.from(values).sort().reverse();
  return descending[Math.floor((examples - 1) / 2)] ?? 0;
}

function isWhite({ rows: n, data }: HostMatrix, scale: number): boolean {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      if (Math.abs((data[i * n + j] as number) - (i === j ? scale : 0)) > WHITE * scale) return false;
  return true;
}
