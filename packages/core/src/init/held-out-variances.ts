import type { HostMatrix } from "../math/linalg.js";
import { LARGE, largeSymmetricEigen } from "../math/symmetric-eigen.js";
import type { CalibrationData } from "./calibration-data.js";
import { columnScales } from "./moments.js";
import type { Principal } from "./principal.js";
import { type RowSums, sumsOf } from "./weighted-rows.js";

/** Parts of the examples that are held out in turn: of few columns, and of many, where each takes a second. */
const FOLDS = { few: 8, many: 4 } as const;

/** Least variance, of the mean one: what float32 leaves of columns that are sums of others. */
const LEAST = 1e-10;

/** The directions, and the standard deviation of each column, which rows are divided by first. */
export type Held = Principal & Readonly<{ scale: Float32Array }>;

/**
 * Principal directions of rows [n] whose variances are those of examples that they were not found from: each part of the examples is
 * projected on the directions of the others, and variances rise with the rank. So directions that few examples make too
 * narrow, and those of columns that nearly follow from others, have the variance that further examples have. In float64.
 *
 * Source: Bartz 2016 (cross-validated eigenvalues); Stein 1975 for their order.
 *
 * @param scaled whether rows are divided by the standard deviations of their columns
 */
export async function heldOutDirections(rows: CalibrationData, scaled: boolean): Promise<Held> {
  const [n = 0] = rows.shape;
  const moments = await columnScales(rows);
  // as the layer computes them: from logs in float32
  const scale = moments.std.map((std) => (scaled ? Math.exp(Math.fround(Math.log(std))) : 1));
  const data = new Float64Array(rows.count * n);
  let at = 0;
  for await (const part of rows.parts())
    for (const x of part) {
      data[at] = (x - moments.mean[at % n]!) / scale[at % n]!;
      at++;
    }
  const places = Int32Array.from({ length: rows.count }, (_, r) => r);
  const folds = Math.min(FOLDS[n < LARGE ? "few" : "many"], rows.count);
  const parts = Array.from({ length: folds }, (_, k) => {
    const own = places.filter((r) => r % folds === k);
    return sumsOf({ data, n }, own, new Float64Array(own.length).fill(1));
  });
  const all = added(parts, n);
  const variances = new Float64Array(n);
  for (const held of folds > 1 ? parts : []) {
    const kept = less(all, held);
    const { vectors } = await largeSymmetricEigen(covarianceOf(kept, n), n);
    const around = about(held, meanOf(kept), n);
    quadratics(around, vectors, n).forEach((sum, i) => (variances[i]! += sum / rows.count));
  }
  const { vectors } = await largeSymmetricEigen(covarianceOf(all, n), n);
  const mean = meanOf(all).map((v, i) => moments.mean[i]! + v * scale[i]!);
  const middle = variances.reduce((sum, v) => sum + v, 0) / n || 1;
  return {
    mean,
    directions: { rows: n, columns: n, data: vectors } satisfies HostMatrix,
    std: rising(variances).map((v) => Math.sqrt(Math.max(v, LEAST * middle))),
    doubt: 0,
    scale,
  };
}

const combined = (a: RowSums, b: RowSums, sign: number): RowSums => ({
  count: a.count + sign * b.count,
  first: a.first.map((v, i) => v + sign * b.first[i]!),
  squares: a.squares.map((v, i) => v + sign * b.squares[i]!),
});
const less = (a: RowSums, b: RowSums): RowSums => combined(a, b, -1);
const added = (parts: readonly RowSums[], n: number): RowSums =>
  parts.reduce((sum, part) => combined(sum, part, 1), {
    count: 0,
    first: new Float64Array(n),
    squares: new Float64Array(n * n),
  });

const meanOf = ({ count, first }: RowSums): Float64Array => first.map((v) => v / Math.max(count, 1));

/** Σ (x − m)(x − m)ᵀ, of both sides of the diagonal. */
function about({ count, first, squares }: RowSums, m: Float64Array, n: number): Float64Array {
  const sums = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const value = squares[i * n + j]! - first[i]! * m[j]! - m[i]! * first[j]! + count * m[i]! * m[j]!;
      sums[i * n + j] = value;
      sums[j * n + i] = value;
    }
  return sums;
}

const covarianceOf = (sums: RowSums, n: number): Float64Array =>
  about(sums, meanOf(sums), n).map((v) => v / Math.max(sums.count, 1));

/** vᵀ M v of each column v of the vectors, by rows of M V: four numbers of a row of M at once. */
function quadratics(m: Float64Array, vectors: Float64Array, n: number): Float64Array {
  const totals = new Float64Array(n);
  const product = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    product.fill(0);
    for (let b = 0; b < n; b += 4) {
      const number = (k: number): number => (b + k < n ? m[a * n + b + k]! : 0);
      const row = (k: number): number => Math.min(b + k, n - 1) * n;
      const [p, q, r, s] = [number(0), number(1), number(2), number(3)];
      const [j, k, l] = [row(1), row(2), row(3)];
      for (let i = 0; i < n; i++)
        product[i]! +=
          p * vectors[b * n + i]! + q * vectors[j + i]! + r * vectors[k + i]! + s * vectors[l + i]!;
    }
    for (let i = 0; i < n; i++) totals[i]! += product[i]! * vectors[a * n + i]!;
  }
  return totals;
}

/** The rising numbers that are nearest to these: neighbours that fall have their mean. */
function rising(values: Float64Array): Float64Array {
  const blocks: { mean: number; count: number }[] = [];
  for (const value of values) {
    let own = { mean: value, count: 1 };
    for (let last = blocks.at(-1); last && last.mean > own.mean; last = blocks.at(-1)) {
      blocks.pop();
      const count = last.count + own.count;
      own = { mean: (last.mean * last.count + own.mean * own.count) / count, count };
    }
    blocks.push(own);
  }
  return Float64Array.from(blocks.flatMap(({ mean, count }) => new Array<number>(count).fill(mean)));
}
