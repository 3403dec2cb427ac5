/** Rows of n numbers side by side, [N, n]. */
export type FlatRows = Readonly<{ data: Float64Array; n: number }>;

/** Rows that are computed together: a number of a matrix, once read, serves all of them. */
const TOGETHER = 4;

/** Four of some rows from a place on, less a mean, in a block [n, TOGETHER]; zeros where there are fewer. */
function setBlock(
  block: Float64Array,
  { data, n }: FlatRows,
  some: Int32Array,
  start: number,
  mean: Float64Array,
): void {
  const count = Math.min(TOGETHER, some.length - start);
  if (count < TOGETHER) block.fill(0);
  for (let b = 0; b < count; b++)
    for (let i = 0, at = b, from = some[start + b]! * n; i < n; i++, at += TOGETHER)
      block[at] = data[from + i]! - mean[i]!;
}

/** |L (x − mean)|² of some rows x, for a lower triangular L [n, n]. */
export function squaredDistances(
  rows: FlatRows,
  some: Int32Array,
  { mean, inverse }: { mean: Float64Array; inverse: Float64Array },
): Float64Array {
  // the last block may be longer than what is left
  const squares = new Float64Array(some.length + TOGETHER - 1);
  const block = new Float64Array(TOGETHER * rows.n);
  for (let start = 0; start < some.length; start += TOGETHER) {
    setBlock(block, rows, some, start, mean);
    for (let i = 0, at = 0; i < rows.n; i++) {
      let t0 = 0;
      let t1 = 0;
      let t2 = 0;
      let t3 = 0;
      for (let j = 0, c = 0; j <= i; j++, c += TOGETHER) {
        const v = inverse[at + j]!;
        t0 += v * block[c]!;
        t1 += v * block[c + 1]!;
        t2 += v * block[c + 2]!;
        t3 += v * block[c + 3]!;
      }
      at += rows.n;
      squares[start]! += t0 * t0;
      squares[start + 1]! += t1 * t1;
      squares[start + 2]! += t2 * t2;
      squares[start + 3]! += t3 * t3;
    }
  }
  return squares.subarray(0, some.length);
}

/** Sums of rows by their weights: of 1, of x [n], and of x xᵀ [n, n], below the diagonal and on it. */
export type RowSums = { count: number; first: Float64Array; squares: Float64Array };

/** The sums of some rows, `weights` those of each. */
export function sumsOf(rows: FlatRows, some: Int32Array, weights: Float64Array): RowSums {
  const { n } = rows;
  const [first, squares] = [new Float64Array(n), new Float64Array(n * n)];
  const [zero, block] = [new Float64Array(n), new Float64Array(TOGETHER * n)];
  const own = new Float64Array(TOGETHER);
  let count = 0;
  for (let start = 0; start < some.length; start += TOGETHER) {
    setBlock(block, rows, some, start, zero);
    for (let b = 0; b < TOGETHER; b++) {
      own[b] = start + b < some.length ? weights[start + b]! : 0;
      count += own[b]!;
    }
    const [w0, w1, w2, w3] = [own[0]!, own[1]!, own[2]!, own[3]!];
    for (let i = 0, at = 0; i < n; i++, at += n) {
      const p0 = w0 * block[TOGETHER * i]!;
      const p1 = w1 * block[TOGETHER * i + 1]!;
      const p2 = w2 * block[TOGETHER * i + 2]!;
      const p3 = w3 * block[TOGETHER * i + 3]!;
      first[i]! += p0 + p1 + p2 + p3;
      for (let j = 0, c = 0; j <= i; j++, c += TOGETHER)
        squares[at + j]! += p0 * block[c]! + p1 * block[c + 1]! + p2 * block[c + 2]! + p3 * block[c + 3]!;
    }
  }
  return { count, first, squares };
}
