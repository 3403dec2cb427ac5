import { makeRng } from "@flowify/core/layer";

/**
 * The leading principal directions of activations, and how far a row lies beside them: u = (x − mean) / scale, then
 * z = uᵀV. Features are the first of z, ½ log(Σ_k w_k z_k² + ε) of bands of them, and ½ log(|u − Vz|² + ε) where rows lie
 * beside at all.
 */
export type Projection = Readonly<{
  mean: Float32Array;
  scale: Float32Array;
  /** V [width, k], orthonormal columns. */
  directions: Float32Array;
  kept: number;
  /** Variances along the directions. */
  variances: Float32Array;
  /** Numbers of z that are features themselves. */
  shown: number;
  /** w [kept, bands]: the mean square of a band, in units of its variances. */
  bands: Float32Array;
  hasRest: boolean;
}>;

export const bandsOf = ({ bands, kept }: Projection): number => (kept === 0 ? 0 : bands.length / kept);

/** Features of a row. */
export const projectedWidth = (projection: Projection): number =>
  projection.shown + bandsOf(projection) + (projection.hasRest ? 1 : 0);

/** Directions at which a band ends: the later, the less of the variance is theirs. */
const ENDS = [4, 10, 20, Number.POSITIVE_INFINITY];

/** ε of bands: what is below a hundredth of their deviations counts as zero. */
export const BAND = 1e-4;

/** The projection with fewer numbers of z, and with bands where some are left out. */
export function banded(projection: Projection, most: number): Projection {
  const { kept, variances } = projection;
  if (kept <= most) return projection;
  const ends = ENDS.filter((_, i) => (ENDS[i - 1] ?? 0) < kept).map((end) => Math.min(end, kept));
  const bands = new Float32Array(kept * ends.length);
  for (const [band, end] of ends.entries()) {
    const from = ends[band - 1] ?? 0;
    for (let k = from; k < end; k++) bands[k * ends.length + band] = 1 / ((variances[k] ?? 1) * (end - from));
  }
  return { ...projection, shown: most, bands };
}

/** Rows that directions are found from, rounds of the iteration, and directions more than are kept. */
const SEARCH = { rows: 4000, rounds: 6, spare: 8 } as const;

/** Variance that each number has at least, as a part of their mean variance: numbers that hardly vary must not outweigh others. */
const FLOOR = 0.1;

/** Directions of a smaller variance, and rests of a smaller mean square, hold rounding errors only. */
const LEAST = 1e-4;

/** ε, as a part of the width: u has a unit variance, and what is below a hundredth of it holds rounding errors. */
export const BESIDE = 1e-4;

/** The projection of rows [n, width] to at most so many directions; undefined where all rows are equal. */
export function fitProjection(rows: Float32Array, width: number, most: number): Projection | undefined {
  const count = rows.length / width;
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  rows.forEach((value, i) => {
    sums[i % width]! += value;
  });
  const mean = Float32Array.from(sums, (sum) => sum / count);
  rows.forEach((value, i) => {
    squares[i % width]! += (value - mean[i % width]!) ** 2;
  });
  const usual = squares.reduce((sum, each) => sum + each, 0) / (count * width);
  if (!(usual > 0)) return undefined;
  const scale = Float32Array.from(squares, (sum) => Math.sqrt(sum / count + FLOOR * usual));
  const seen = Math.min(count, SEARCH.rows);
  const u = rows.subarray(0, seen * width).map((value, i) => (value - mean[i % width]!) / scale[i % width]!);
  const kept = Math.min(most, width, seen - 1);
  const wide = Math.min(kept + SEARCH.spare, width);
  const rng = makeRng(0);
  let found: Float64Array = orthonormal(
    Float64Array.from({ length: width * wide }, () => rng.normal()),
    width,
    wide,
  );
  for (let round = 0; round < SEARCH.rounds; round++)
    found = orthonormal(squared(u, width, found, wide), width, wide);
  const variances = Array.from({ length: kept }, (_, k) =>
    varianceAlong(u, width, found.subarray(k * width)),
  );
  const real = variances.flatMap((variance, k) =>
    variance > LEAST ? [{ variance, direction: found.subarray(k * width, (k + 1) * width) }] : [],
  );
  const directions = new Float32Array(width * real.length);
  for (const [k, { direction }] of real.entries())
    for (const [c, value] of direction.entries()) directions[c * real.length + k] = value;
  const all = u.reduce((sum, each) => sum + each * each, 0) / seen;
  const rest = all - variances.reduce((sum, each) => sum + each, 0);
  return {
    mean,
    scale,
    directions,
    kept: real.length,
    variances: Float32Array.from(real, ({ variance }) => variance),
    shown: real.length,
    bands: new Float32Array(),
    hasRest: rest > LEAST * width,
  };
}

/** Σ_c u_c v_c over a row of u and a vector, by their places. */
function product(u: Float32Array, row: number, vectors: Float64Array, at: number, width: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += u[row + c]! * vectors[at + c]!;
  return sum;
}

/** Mean square of rows along a direction. */
function varianceAlong(u: Float32Array, width: number, direction: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < u.length; row += width) {
    const along = product(u, row, direction, 0, width);
    sum += along * along;
  }
  return (sum * width) / u.length;
}

/** UᵀU applied to vectors [count, width], which the result are as well. */
function squared(u: Float32Array, width: number, vectors: Float64Array, count: number): Float64Array {
  const out = new Float64Array(vectors.length);
  for (let row = 0; row < u.length; row += width)
    for (let k = 0, at = 0; k < count; k++, at += width) {
      const along = product(u, row, vectors, at, width);
      for (let c = 0; c < width; c++) out[at + c]! += along * u[row + c]!;
    }
  return out;
}

/** Gram–Schmidt, twice, on vectors [count, width]; those that depend on others become zero. In place. */
function orthonormal(vectors: Float64Array, width: number, count: number): Float64Array {
  for (let k = 0; k < count; k++) {
    const own = vectors.subarray(k * width, (k + 1) * width);
    const before = Math.hypot(...own);
    for (let pass = 0; pass < 2; pass++)
      for (let other = 0; other < k; other++) {
        const each = vectors.subarray(other * width, (other + 1) * width);
        let along = 0;
        for (let c = 0; c < width; c++) along += own[c]! * each[c]!;
        for (let c = 0; c < width; c++) own[c]! -= along * each[c]!;
      }
    const length = Math.hypot(...own);
    const isNew = length > 1e-9 * before;
    own.forEach((value, c) => {
      own[c] = isNew ? value / length : 0;
    });
  }
  return vectors;
}

/** Rows [n, width] as features [n, projectedWidth]. */
export function project(projection: Projection, rows: Float32Array): Float32Array {
  const { mean, scale, directions, kept, shown, bands, hasRest } = projection;
  const width = mean.length;
  const own = projectedWidth(projection);
  const some = bandsOf(projection);
  const count = rows.length / width;
  const out = new Float32Array(count * own);
  const u = new Float64Array(width);
  const z = new Float32Array(kept);
  for (let row = 0; row < count; row++) {
    z.fill(0);
    for (let c = 0; c < width; c++) {
      const centred = (rows[row * width + c]! - mean[c]!) / scale[c]!;
      u[c] = centred;
      for (let k = 0, at = c * kept; k < kept; k++) z[k]! += centred * directions[at + k]!;
    }
    out.set(z.subarray(0, shown), row * own);
    for (let band = 0; band < some; band++) {
      const sum = z.reduce((part, each, k) => part + (bands[k * some + band] ?? 0) * each * each, 0);
      out[row * own + shown + band] = Math.log(sum + BAND) / 2;
    }
    if (!hasRest) continue;
    let beside = 0;
    for (const [c, value] of u.entries()) {
      let rest = value;
      for (let k = 0, at = c * kept; k < kept; k++) rest -= z[k]! * directions[at + k]!;
      beside += rest * rest;
    }
    out[(row + 1) * own - 1] = Math.log(beside + BESIDE * width) / 2;
  }
  return out;
}
