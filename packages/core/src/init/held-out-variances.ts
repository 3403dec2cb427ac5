import type { HostMatrix } from "../math/linalg.js";
import { transposedTimes } from "../math/products.js";
import { LARGE, largeSymmetricEigen } from "../math/symmetric-eigen.js";
import type { CalibrationData } from "./calibration-data.js";
import { columnScales } from "./moments.js";
import type { Principal } from "./principal.js";

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
  const folds = Math.min(FOLDS[n < LARGE ? "few" : "many"], rows.count);
  const data = Array.from(
    { length: folds },
    (_, k) => new Float64Array(Math.ceil((rows.count - k) / folds) * n),
  );
  let at = 0;
  for await (const part of rows.parts())
    for (let from = 0; from < part.length; from += n, at++) {
      const [own, to] = [data[at % folds]!, Math.floor(at / folds) * n];
      for (let i = 0; i < n; i++) own[to + i] = (part[from + i]! - moments.mean[i]!) / scale[i]!;
    }
  const parts = data.map((own) => sumsOf(own, n));
  const all = parts.reduce((sum, part) => combined(sum, part, 1));
  const variances = new Float64Array(n);
  for (const held of folds > 1 ? parts : []) {
    const kept = combined(all, held, -1);
    const { vectors } = await largeSymmetricEigen(covarianceOf(kept, n), n);
    const around = { data: about(held, meanOf(kept), n, 1 / rows.count), columns: n };
    const product = transposedTimes(around, { data: vectors, columns: n });
    for (let i = 0, place = 0; i < n; i++)
      for (let j = 0; j < n; j++, place++) variances[j]! += product[place]! * vectors[place]!;
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

/** Sums over rows: of 1, of x [n], and of x xᵀ [n, n]. */
type Sums = Readonly<{ count: number; first: Float64Array; squares: Float64Array }>;

function sumsOf(data: Float64Array, n: number): Sums {
  const first = new Float64Array(n);
  for (let from = 0; from < data.length; from += n) for (let i = 0; i < n; i++) first[i]! += data[from + i]!;
  const rows = { data, columns: n };
  return { count: data.length / n, first, squares: transposedTimes(rows, rows) };
}

function plus(a: Float64Array, b: Float64Array, sign: number): Float64Array {
  const sums = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sums[i] = a[i]! + sign * b[i]!;
  return sums;
}

const combined = (a: Sums, b: Sums, sign: number): Sums => ({
  count: a.count + sign * b.count,
  first: plus(a.first, b.first, sign),
  squares: plus(a.squares, b.squares, sign),
});

const meanOf = ({ count, first }: Sums): Float64Array => first.map((v) => v / Math.max(count, 1));

/** Σ (x − m)(x − m)ᵀ, times a number. */
function about({ count, first, squares }: Sums, m: Float64Array, n: number, by: number): Float64Array {
  const sums = new Float64Array(n * n);
  for (let i = 0, at = 0; i < n; i++) {
    const [own, apart] = [first[i]! - count * m[i]!, m[i]!];
    for (let j = 0; j < n; j++, at++) sums[at] = (squares[at]! - own * m[j]! - apart * first[j]!) * by;
  }
  return sums;
}

const covarianceOf = (sums: Sums, n: number): Float64Array =>
  about(sums, meanOf(sums), n, 1 / Math.max(sums.count, 1));

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
