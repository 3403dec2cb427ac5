import { LuDecomposition } from "ml-matrix";

/** Formulas once more in plain JavaScript, without jax: what laws compare with. */
export type Rows = number[][];

const LOG_2PI = Math.log(2 * Math.PI);

export const toRows = (data: ArrayLike<number>, width: number): Rows =>
  Array.from({ length: data.length / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => data[i * width + j] as number),
  );

export const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const logNormal = (x: number, mean = 0, std = 1): number =>
  -0.5 * (((x - mean) / std) ** 2 + LOG_2PI) - Math.log(std);

/** log |det|, of the diagonal of U of a decomposition. */
export const logAbsDet = (matrix: Rows): number =>
  sum(new LuDecomposition(matrix).upperTriangularMatrix.diagonal().map((u) => Math.log(Math.abs(u))));
