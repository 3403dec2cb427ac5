import { type GridCoder, plainCoder } from "./grid.js";

/** A rotation of n coordinates as plane rotations in order, each as the two numbers of its three liftings; then signs. */
type Liftings = Readonly<{ n: number; tangents: Float64Array; sines: Float64Array; signs: Float64Array }>;

/**
 * R = G₁ᵀ … G_Nᵀ D for an orthogonal R [n, n]: Givens rotations G that bring R to the diagonal matrix D of signs. With cosines
 * that are not negative, |tan ½θ| ≤ 1. What R lacks to be orthogonal (rounding of float32) is left out, on both sides alike.
 */
function liftingsOf(matrix: ArrayLike<number>, n: number): Liftings {
  const a = Float64Array.from(matrix);
  const [tangents, sines] = [new Float64Array((n * (n - 1)) / 2), new Float64Array((n * (n - 1)) / 2)];
  let at = 0;
  for (let j = 0; j < n; j++)
    for (let i = j + 1; i < n; i++, at++) {
      const [p, q] = [a[j * n + j]!, a[i * n + j]!];
      if (q === 0) continue; // the identity: 0 and 0
      const r = Math.sqrt(p * p + q * q) * (p < 0 ? -1 : 1);
      const [c, s] = [p / r, q / r];
      for (let k = j; k < n; k++) {
        const [u, v] = [a[j * n + k]!, a[i * n + k]!];
        a[j * n + k] = c * u + s * v;
        a[i * n + k] = c * v - s * u;
      }
      tangents[at] = s / (1 + c);
      sines[at] = s;
    }
  const signs = Float64Array.from({ length: n }, (_, i) => (a[i * n + i]! < 0 ? -1 : 1));
  return { n, tangents, sines, signs };
}

const rounded = (v: number): number => Math.floor(v + 0.5);

function rotate({ n, tangents, sines, signs }: Liftings, x: Float64Array, from: number): void {
  let at = 0;
  for (let j = 0; j < n; j++) {
    let a = x[from + j]!;
    for (let i = from + j + 1; i < from + n; i++, at++) {
      const t = tangents[at]!;
      a += rounded(t * x[i]!);
      const b = x[i]! - rounded(sines[at]! * a);
      a += rounded(t * b);
      x[i] = b;
    }
    x[from + j] = a * signs[j]!;
  }
}

function rotateBack({ n, tangents, sines, signs }: Liftings, z: Float64Array, from: number): void {
  let at = tangents.length - 1;
  for (let j = n - 1; j >= 0; j--) {
    let a = z[from + j]! * signs[j]!;
    for (let i = from + n - 1; i > from + j; i--, at--) {
      const t = tangents[at]!;
      a -= rounded(t * z[i]!);
      const b = z[i]! + rounded(sines[at]! * a);
      a -= rounded(t * b);
      z[i] = b;
    }
    z[from + j] = a;
  }
}

/**
 * z = x R for rows of n, R [n, n] orthogonal: every plane rotation as three liftings, each of which adds a rounded
 * multiple of one coordinate to another. No bits, volume 1; z is off by about √n units.
 * Source: Hoogeboom et al. 2019 (arXiv:1905.07376) for the rounding; liftings of Daubechies and Sweldens 1998.
 */
export function rotated(matrix: ArrayLike<number>, n: number): GridCoder {
  const liftings = liftingsOf(matrix, n);
  const rows = (turn: typeof rotate) => (v: Float64Array) => {
    for (let from = 0; from < v.length; from += n) turn(liftings, v, from);
    return v;
  };
  return plainCoder(rows(rotate), rows(rotateBack));
}
