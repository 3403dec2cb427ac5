import { openEigenKernels } from "./eigen-kernels.js";
import { dot, type HostMatrix, symmetricEigen } from "./linalg.js";

/** Columns that a sweep of rotations is applied to at once (64 bytes), and number of collected sweeps: both fit the cache. */
const STRIP = 8;
const SWEEPS = 32;

/** Reflections that are applied to a row of the basis at once. */
const TOGETHER = 4;

/** Rows to reduce before yielding to signals and timers. */
const ROWS = 64;
const yieldToEvents = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Rows from which on our own code decomposes a matrix: ml-matrix takes nine times as long for 784 rows. */
export const LARGE = 256;

/** Eigenvalues, ascending, and orthonormal eigenvectors (columns) of a symmetric matrix of any size. */
export async function eigenOf(m: HostMatrix): Promise<{ values: Float64Array; vectors: HostMatrix }> {
  const n = m.rows;
  if (n < LARGE) return symmetricEigen(m);
  const { values, vectors } = await largeSymmetricEigen(m.data, n);
  return { values, vectors: { rows: n, columns: n, data: vectors } };
}

/**
 * Eigenvalues, ascending, and orthonormal eigenvectors (columns, row-major) of a symmetric matrix of n rows in float64:
 * Householder's reduction to a tridiagonal matrix, then QL with implicit shifts. Errors are those of a matrix that differs
 * by rounding errors of its largest entries; for 784 rows ml-matrix takes nine times as long.
 *
 * Source: Wilkinson and Reinsch 1971 (tred2, tql2); rotations in batches as Van Zee, van de Geijn and Quintana-Ortí 2014.
 */
export async function largeSymmetricEigen(
  matrix: Float64Array,
  n: number,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const room = workspace(matrix, n);
  const { beside, norms } = await tridiagonal(room);
  await accumulate(room, norms);
  await diagonalize(room, beside);
  const { diagonal, basis, pitch } = room;
  const order = Array.from(diagonal, (_, i) => i).sort((a, b) => diagonal[a]! - diagonal[b]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let i = 0; i < n; i++) vectors[i * n + to] = basis[from * pitch + i]!;
  });
  room.close();
  return { values: Float64Array.from(order, (from) => diagonal[from]!), vectors };
}

/** The arrays of one decomposition in the memory of its kernels. Rows of `a` and `basis` are `pitch` numbers apart. */
type Workspace = ReturnType<typeof workspace>;

function workspace(matrix: Float64Array, n: number) {
  const pitch = STRIP * Math.ceil(n / STRIP);
  const numbers = 2 * n * pitch + (4 + TOGETHER) * pitch + (STRIP + 2 * SWEEPS) * pitch + 64;
  const { kernels, allocate, close } = openEigenKernels(numbers);
  const a = allocate(n * pitch);
  for (let i = 0; i < n; i++) a.set(matrix.subarray(i * n, (i + 1) * n), i * pitch);
  return {
    n,
    pitch,
    kernels,
    close,
    a,
    /** Qᵀ: the rows become the eigenvectors. */
    basis: allocate(n * pitch),
    /** Becomes the eigenvalues. */
    diagonal: new Float64Array(n),
    v: allocate(pitch),
    q: allocate(pitch),
    product: allocate(pitch),
    /** v, q and u of two rows, then their two sums. */
    own: allocate(8),
    reflections: allocate(TOGETHER * pitch),
    /** 1 / h of four reflections, then their overlaps. */
    factors: allocate(16),
    strip: allocate(n * STRIP),
    cosines: allocate(SWEEPS * pitch),
    sines: allocate(SWEEPS * pitch),
  };
}

/**
 * A = Q T Qᵀ by reflections I − v vᵀ / h from the last row up; their vectors stay in the rows of `a`. The update of a step
 * (v qᵀ + q vᵀ) is fused with the product of the next one, in one pass over the lower triangle. `beside[i]` is the entry
 * between i − 1 and i, `norms[i]` the h of a reflection.
 */
async function tridiagonal(room: Workspace): Promise<{ beside: Float64Array; norms: Float64Array }> {
  const { n, pitch, a, diagonal, v, q, product } = room;
  const [beside, norms] = [new Float64Array(n), new Float64Array(n)];
  for (let i = n - 1; i >= 0; i--) {
    if (i % ROWS === 0) await yieldToEvents();
    const row = i * pitch;
    for (let c = 0; c < i; c++) a[row + c]! -= v[i]! * q[c]! + q[i]! * v[c]!;
    diagonal[i] = a[row + i]! - 2 * v[i]! * q[i]!;
    if (i === 0) break;
    const u = a.subarray(row, row + i);
    const { length, h } = reflector(u);
    beside[i] = length;
    norms[i] = h;
    product.fill(0, 0, i);
    updateAndMultiply(room, i, u);
    // q = p − (vᵀ p / 2h) v with p = A v / h; without a reflection nothing changes
    const scale = h === 0 ? 0 : 1 / h;
    let overlap = 0;
    for (let c = 0; c < i; c++) overlap += u[c]! * product[c]! * scale;
    const half = 0.5 * overlap * scale;
    for (let c = 0; c < i; c++) {
      q[c] = product[c]! * scale - half * u[c]!;
      v[c] = h === 0 ? 0 : u[c]!;
    }
  }
  return { beside, norms };
}

/** Replaces a row by the vector v of its reflection; returns the remaining entry of the row, and h = |v|² / 2. */
function reflector(row: Float64Array): { length: number; h: number } {
  const last = row.length - 1;
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  let squares = 0;
  for (let c = 0; c < last; c++) squares += (row[c]! / (largest || 1)) ** 2;
  const end = row[last]!;
  if (squares === 0) return { length: end, h: 0 };
  const norm = largest * Math.sqrt(squares + (end / largest) ** 2);
  const length = end > 0 ? -norm : norm;
  row[last] = end - length;
  return { length, h: norm * (norm + Math.abs(end)) };
}

/** Subtracts v qᵀ + q vᵀ from the leading i rows of the lower triangle, and adds A u to the product: two rows at a time. */
function updateAndMultiply(room: Workspace, i: number, u: Float64Array): void {
  const { kernels, pitch, a, v, q, product, own } = room;
  for (let r = 0; r < i; r += 2) {
    const [row, next] = [r * pitch, (r + 1) * pitch];
    const pair = r + 1 < i;
    const [v0, q0, u0] = [v[r]!, q[r]!, u[r]!];
    const [v1, q1, u1] = pair ? [v[r + 1]!, q[r + 1]!, u[r + 1]!] : [0, 0, 0];
    own.set([v0, q0, u0, v1, q1, u1]);
    // below a last row without a partner lies u, which has to stay: the zeros of the strip take its place
    const at = a.byteOffset + 8 * row;
    const below = pair ? a.byteOffset + 8 * next : room.strip.byteOffset;
    kernels.updateRows(
      at,
      below,
      8 * r,
      v.byteOffset,
      q.byteOffset,
      u.byteOffset,
      product.byteOffset,
      own.byteOffset,
    );
    // the block on the diagonal
    const top = a[row + r]! - 2 * v0 * q0;
    a[row + r] = top;
    product[r]! += own[6]! + top * u0;
    if (!pair) return;
    const corner = a[next + r]! - v1 * q0 - q1 * v0;
    const end = a[next + r + 1]! - 2 * v1 * q1;
    a[next + r] = corner;
    a[next + r + 1] = end;
    product[r]! += corner * u1;
    product[r + 1]! += own[7]! + corner * u0 + end * u1;
  }
}

/**
 * Qᵀ from the vectors in the rows of `a` below its diagonal. Four reflections at a time: x (I − v₁v₁ᵀ/h₁) … (I − v₄v₄ᵀ/h₄) is
 * x − Σ tₖ vₖᵀ with tₖ = (x·vₖ − Σ_{j<k} tⱼ vⱼ·vₖ) / hₖ, so that a row is read and written once for all four.
 */
async function accumulate(room: Workspace, norms: Float64Array): Promise<void> {
  const { n, pitch, kernels, a, basis, reflections, factors } = room;
  for (let i = 0; i < n; i++) basis[i * pitch + i] = 1;
  for (let i = 1; i < n; i += TOGETHER) {
    if (i % ROWS === 1) await yieldToEvents();
    const width = Math.min(i + TOGETHER - 1, n - 1);
    reflections.fill(0);
    const vectors = Array.from({ length: TOGETHER }, (_, k) => {
      const vector = reflections.subarray(k * pitch, k * pitch + width);
      if (i + k < n) vector.set(a.subarray((i + k) * pitch, (i + k) * pitch + i + k));
      return vector;
    });
    const inverses = vectors.map((_, k) => (norms[i + k] ? 1 / norms[i + k]! : 0));
    const overlaps = vectors.flatMap((of, k) => vectors.slice(0, k).map((before) => dot(before, of)));
    factors.set([...inverses, ...overlaps]);
    // a row that is still a row of the identity is zero in the columns of a reflection: it does not change
    const bytes = 16 * Math.ceil(width / 2);
    kernels.reflect(basis.byteOffset, 8 * pitch, width, reflections.byteOffset, bytes, factors.byteOffset);
  }
}

/** One sweep of rotations of the rows i and i + 1, from i = `from` down to `to`. */
type Sweep = Readonly<{ from: number; to: number; cosines: Float64Array; sines: Float64Array }>;

/** QL with implicit shifts: the diagonal becomes the eigenvalues, the rows of the basis the eigenvectors. */
async function diagonalize(room: Workspace, beside: Float64Array): Promise<void> {
  const { n, pitch, diagonal: d, cosines, sines } = room;
  const e = new Float64Array(n);
  e.set(beside.subarray(1));
  // relative to the whole matrix: steps through large entries leave rounding errors of them in small ones
  const largest = [...d, ...e].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const sweeps: Sweep[] = [];
  const apply = (): Promise<void> => {
    rotate(room, sweeps);
    sweeps.length = 0;
    return yieldToEvents();
  };
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * largest) m++;
      if (m === l) break;
      const at = sweeps.length * pitch;
      const [c, s] = [cosines.subarray(at, at + m - l), sines.subarray(at, at + m - l)];
      sweeps.push(sweep(d, e, l, m, c, s));
      if (sweeps.length === SWEEPS) await apply();
    }
  }
  await apply();
}

/** One implicit QL step on the rows l to m. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  l: number,
  m: number,
  cosines: Float64Array,
  sines: Float64Array,
): Sweep {
  const half = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.hypot(half, 1);
  let g = d[m]! - d[l]! + e[l]! / (half + (half < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      // the matrix splits here: the next step handles the rest
      d[i + 1]! -= p;
      e[m] = 0;
      return {
        from: m - 1,
        to: i + 1,
        cosines: cosines.subarray(i + 1 - l),
        sines: sines.subarray(i + 1 - l),
      };
    }
    s = f / r;
    c = g / r;
    const above = d[i + 1]! - p;
    const t = (d[i]! - above) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = above + p;
    g = c * t - b;
    cosines[i - l] = c;
    sines[i - l] = s;
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
  return { from: m - 1, to: l, cosines, sines };
}

/** Applies sweeps to the rows of the basis, a strip of columns at a time. */
function rotate(room: Workspace, sweeps: readonly Sweep[]): void {
  const { n, pitch, kernels, basis } = room;
  const strip = room.strip.byteOffset;
  for (let left = 0; left < n; left += STRIP) {
    const from = basis.byteOffset + 8 * left;
    kernels.copyStrip(from, 8 * pitch, strip, 8 * STRIP, n);
    for (const { from: top, to, cosines, sines } of sweeps) {
      const count = top - to + 1;
      if (count === 0) continue;
      const at = strip + 8 * STRIP * (top + 1);
      const last = 8 * (count - 1);
      kernels.rotate(at, cosines.byteOffset + last, sines.byteOffset + last, count);
    }
    kernels.copyStrip(strip, 8 * STRIP, from, 8 * pitch, n);
  }
}
