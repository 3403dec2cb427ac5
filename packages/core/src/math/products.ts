import { openEigenKernels } from "./eigen-kernels.js";

/** Columns of a strip, and most rows of it at once: two of them fit the first cache. */
const STRIP = 4;
const ROWS = 256;

/** Numbers [rows, columns] one row after the other. */
export type Dense = Readonly<{ data: Float64Array; columns: number }>;

/** The rows as columns. */
export function transposed({ data, columns }: Dense): Dense {
  const rows = data.length / columns;
  const turned = new Float64Array(data.length);
  for (let r = 0, at = 0; r < rows; r++)
    for (let c = 0; c < columns; c++, at++) turned[c * rows + r] = data[at]!;
  return { data: turned, columns: rows };
}

/** Rows from one place on as strips, each of so many rows. */
function pack(to: Float64Array, { data, columns }: Dense, from: number, rows: number): void {
  for (let strip = 0, at = 0; strip < columns; strip += STRIP) {
    const width = Math.min(STRIP, columns - strip);
    for (let place = from * columns + strip, r = 0; r < rows; r++, at += STRIP, place += columns) {
      to[at] = data[place]!;
      if (width > 1) to[at + 1] = data[place + 1]!;
      if (width > 2) to[at + 2] = data[place + 2]!;
      if (width > 3) to[at + 3] = data[place + 3]!;
    }
  }
}

/** Aᵀ B in float64 for A [N, m] and B [N, n], blocked: [m, n]. Where both are the same, half of it is computed. */
export function transposedTimes(a: Dense, b: Dense): Float64Array {
  const [m, n] = [a.columns, b.columns];
  const N = m === 0 ? 0 : a.data.length / m;
  const [tall, wide] = [m, n].map((size) => STRIP * Math.ceil(size / STRIP)) as [number, number];
  const { kernels, allocate, close } = openEigenKernels(tall * wide + ROWS * (tall + wide) + 64);
  const product = allocate(tall * wide);
  const left = allocate(ROWS * tall);
  const right = a === b ? left : allocate(ROWS * wide);
  for (let from = 0; from < N; from += ROWS) {
    const rows = Math.min(ROWS, N - from);
    pack(left, a, from, rows);
    if (a !== b) pack(right, b, from, rows);
    const bytes = 8 * STRIP * rows;
    for (let j = 0; j < wide; j += STRIP) {
      const i = a === b ? j : 0;
      const at = product.byteOffset + 8 * (i * wide + j);
      const [own, other] = [left.byteOffset + 8 * rows * i, right.byteOffset + 8 * rows * j];
      kernels.multiply(own, bytes, (tall - i) / STRIP, other, at, 8 * wide);
    }
  }
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) result.set(product.subarray(i * wide, i * wide + n), i * n);
  close();
  if (a === b)
    for (let i = 0; i < m; i++) for (let j = i + 1; j < n; j++) result[i * n + j] = result[j * n + i]!;
  return result;
}
