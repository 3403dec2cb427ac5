/** Rows that are computed together: a number of a matrix, once read, serves all of them. */
const TOGETHER = 4;

/** Some rows side by side, less a mean, in a block [n, TOGETHER]; zeros where there are fewer. */
function setBlock(
  block: Float64Array,
  rows: readonly Float64Array[],
  some: Int32Array,
  mean: Float64Array,
): void {
  if (some.length < TOGETHER) block.fill(0);
  for (let b = 0; b < some.length; b++) {
    const row = rows[some[b]!]!;
    for (let i = 0, at = b; i < mean.length; i++, at += TOGETHER) block[at] = row[i]! - mean[i]!;
  }
}

/** |L (x − mean)|² of some rows x, for a lower triangular L [n, n]. */
export function squaredDistances(
  rows: readonly Float64Array[],
  some: Int32Array,
  { mean, inverse }: { mean: Float64Array; inverse: Float64Array },
): Float64Array {
  const squares = new Float64Array(some.length);
  const block = new Float64Array(TOGETHER * mean.length);
  for (let start = 0; start < some.length; start += TOGETHER) {
    const here = some.subarray(start, start + TOGETHER);
    setBlock(block, rows, here, mean);
    const lengths = squaredLengths(inverse, block);
    for (let b = 0; b < here.length; b++) squares[start + b] = lengths[b]!;
  }
  return squares;
}

/** The squared lengths of L c for a lower triangular L [n, n] and the columns c of a block [n, TOGETHER]. */
function squaredLengths(lower: Float64Array, block: Float64Array): [number, number, number, number] {
  const n = block.length / TOGETHER;
  const all: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let j = 0, at = i * n, c = 0; j <= i; j++, at++, c += TOGETHER) {
      const v = lower[at]!;
      t0 += v * block[c]!;
      t1 += v * block[c + 1]!;
      t2 += v * block[c + 2]!;
      t3 += v * block[c + 3]!;
    }
    all[0] += t0 * t0;
    all[1] += t1 * t1;
    all[2] += t2 * t2;
    all[3] += t3 * t3;
  }
  return all;
}

/** Sums of rows by their weights: of 1, of x [n], and of x xᵀ [n, n], below the diagonal and on it. */
export type RowSums = { count: number; first: Float64Array; squares: Float64Array };

/** The sums of some rows of n numbers, `weights` those of each. */
export function sumsOf(
  rows: readonly Float64Array[],
  some: Int32Array,
  weights: Float64Array,
  n: number,
): RowSums {
  const [first, squares] = [new Float64Array(n), new Float64Array(n * n)];
  const [zero, block] = [new Float64Array(n), new Float64Array(TOGETHER * n)];
  for (let start = 0; start < some.length; start += TOGETHER) {
    setBlock(block, rows, some.subarray(start, start + TOGETHER), zero);
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = weights.subarray(start, start + TOGETHER);
    for (let i = 0; i < n; i++) {
      const p0 = w0 * block[TOGETHER * i]!;
      const p1 = w1 * block[TOGETHER * i + 1]!;
      const p2 = w2 * block[TOGETHER * i + 2]!;
      const p3 = w3 * block[TOGETHER * i + 3]!;
      first[i]! += p0 + p1 + p2 + p3;
      for (let j = 0, at = i * n, c = 0; j <= i; j++, at++, c += TOGETHER)
        squares[at]! += p0 * block[c]! + p1 * block[c + 1]! + p2 * block[c + 2]! + p3 * block[c + 3]!;
    }
  }
  return { count: weights.reduce((sum, w) => sum + w, 0), first, squares };
}
