import { nth } from "../../lists.js";
import type { AxisTaps } from "../../origins.js";

/** A matrix as its rows. */
export type Rows = readonly (readonly number[])[];

/** Role of an axis index in p = q + t − before: the long sum, the other long index, or the short one. */
type Role = "p" | "q" | "t";

export type Operand = "input" | "kernel" | "output";

/**
 * Along one axis Σ x[p] y[q] w[t], over p = q + t − before, as `points` products in each of `tiles`:
 *
 *     Σ over i and tile of (P x)[i, tile] · (Q y)[i, tile] · (T w)[i]
 *
 * P and Q have a row for each i and tile, i outermost, T one for each i.
 */
export type Minimal = Readonly<{
  points: number;
  tiles: number;
  matrices: Readonly<Record<Role, Rows>>;
  /** The roles of the input, the kernel and the output of the convolution. */
  roles: Readonly<Record<Operand, Role>>;
}>;

/**
 * Evaluation points of polynomials, in addition to ∞: float32 errors grow with the powers, so only these are used
 * (Barabasz et al. 2020, arXiv:1803.10986, find −½ better than −2).
 */
const POINTS = [0, 1, -1, 2, -0.5];

/**
 * Winograd's minimal filtering (Winograd 1980; Lavin and Gray 2016, arXiv:1509.09308) for every axis of a
 * convolution, or undefined if one of them has strides, dilations or too long a kernel. A convolution and
 * its two gradients are the derivatives of one trilinear form, and have their matrices in common.
 */
export function minimalFiltering(axes: readonly AxisTaps[]): readonly Minimal[] | undefined {
  if (axes.every(({ kernel, output }) => Math.min(kernel, output) === 1)) return undefined;
  const found = axes.map(minimalAxis);
  if (!found.every((axis) => axis !== undefined)) return undefined;
  return found.some(({ matrices }) => columnsOf(matrices.t) > 1) ? found : undefined;
}

function minimalAxis(axis: AxisTaps): Minimal | undefined {
  const { input, output, kernel, before, reversed } = axis;
  if (axis.stride !== 1 || axis.inputDilation !== 1 || axis.kernelDilation !== 1) return undefined;
  const forms: (Form & Pick<Minimal, "roles">)[] = [];
  const add = (form: Form | undefined, roles: Minimal["roles"]) => form && forms.push({ ...form, roles });
  if (reversed) {
    // The gradient of the input: output = input + t − (kernel − 1 − before).
    const form = trilinear(output, input, kernel, kernel - 1 - before);
    add(form, { input: "q", kernel: "t", output: "p" });
  } else {
    add(trilinear(input, output, kernel, before), { input: "p", kernel: "t", output: "q" });
    // The gradient of the kernel: the kernel of this convolution is an image.
    add(trilinear(input, kernel, output, before), { input: "p", kernel: "q", output: "t" });
  }
  const best = fewest(forms);
  return best && { ...best, matrices: best.matrices() };
}

/** Its matrices are large for a large image, so only those of the best form are made. */
type Form = Pick<Minimal, "points" | "tiles"> & { matrices: () => Minimal["matrices"] };

/** The form with the fewest products for these numbers of p, q and t. */
function trilinear(p: number, q: number, t: number, before: number): Form | undefined {
  const forms: Form[] = [];
  for (let size = 1; size <= q && size + t - 2 <= POINTS.length; size++)
    forms.push(tiled(p, q, t, before, size));
  const first = Math.max(0, -before);
  const last = Math.min(p, q + t - 1 - before);
  if (last > first && last - first + q - 2 <= POINTS.length)
    forms.push(whole(p, q, t, before, { first, last }));
  return fewest(forms);
}

/** The form with the fewest products, the first of several. */
function fewest<F extends Form>(forms: readonly F[]): F | undefined {
  return forms.toSorted((a, b) => a.points * a.tiles - b.points * b.tiles)[0];
}

/** Tiles of `size` entries q: p is the degree of a product of polynomials in q and t. */
function tiled(p: number, q: number, t: number, before: number, size: number): Form {
  const points = size + t - 1;
  const tiles = Math.ceil(q / size);
  const [valuesQ, valuesT, back] = [values(points, size), values(points, t), interpolation(points)];
  const spread = (length: number, width: number, start: number, entry: (i: number, k: number) => number) =>
    matrix(points * tiles, length, (row, column) => {
      const [i, tile] = [Math.floor(row / tiles), row % tiles];
      const k = column - tile * size - start;
      return k >= 0 && k < width ? entry(i, k) : 0;
    });
  return {
    points,
    tiles,
    matrices: () => ({
      p: spread(p, points, -before, (i, k) => nth(nth(back, k), i)),
      q: spread(q, size, 0, (i, k) => nth(nth(valuesQ, i), k)),
      t: valuesT,
    }),
  };
}

/** All of a short axis at once: t is the degree of a product of polynomials in p and −q. */
function whole(
  p: number,
  q: number,
  t: number,
  before: number,
  { first, last }: { first: number; last: number },
): Form {
  const points = last - first + q - 1;
  const [valuesP, valuesQ, back] = [values(points, last - first), values(points, q), interpolation(points)];
  const entry = (rows: Rows, row: number, column: number) => rows[row]?.[column] ?? 0;
  return {
    points,
    tiles: 1,
    matrices: () => ({
      p: matrix(points, p, (i, at) => entry(valuesP, i, at - first)),
      q: matrix(points, q, (i, at) => entry(valuesQ, i, q - 1 - at)),
      t: matrix(points, t, (i, at) => entry(back, at - first + q - 1 - before, i)),
    }),
  };
}

/** A matrix by its entries. */
const matrix = (rows: number, columns: number, entry: (row: number, column: number) => number): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => entry(i, j)));

/**
 * Values of the powers below `length` at the points, the last of which is ∞, where the value is the highest
 * coefficient.
 */
const values = (points: number, length: number): Rows =>
  matrix(points, length, (i, k) => (i < points - 1 ? nth(POINTS, i) ** k : k === length - 1 ? 1 : 0));

/** Coefficients of the polynomial of degree `points` − 1 from its values, by Lagrange: a column for each point. */
function interpolation(points: number): Rows {
  const finite = POINTS.slice(0, points - 1);
  const times = (a: readonly number[], root: number) =>
    [...a, 0].map((_, k) => (a[k - 1] ?? 0) - root * (a[k] ?? 0));
  const through = (roots: readonly number[]) => roots.reduce<readonly number[]>(times, [1]);
  const columns = finite.map((point) => {
    const others = finite.filter((other) => other !== point);
    const scale = others.reduce((product, other) => product * (point - other), 1);
    return through(others).map((coefficient) => coefficient / scale);
  });
  columns.push([...through(finite)]);
  return matrix(points, points, (k, i) => columns[i]?.[k] ?? 0);
}

/** Number of columns of a matrix. */
export const columnsOf = (rows: Rows): number => nth(rows, 0).length;

export const turned = (rows: Rows): Rows =>
  matrix(columnsOf(rows), rows.length, (i, j) => nth(nth(rows, j), i));

export const isIdentity = (rows: Rows): boolean =>
  rows.length === columnsOf(rows) && rows.every((row, i) => row.every((n, j) => n === (i === j ? 1 : 0)));

/** The matrix that applies a and b, along two axes, to both as one axis. */
export const kronecker = (a: Rows, b: Rows): Rows =>
  a.flatMap((x) => b.map((y) => x.flatMap((p) => y.map((q) => p * q))));
