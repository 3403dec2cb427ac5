import { numpy as np } from "@jax-js/jax";
import { nth } from "../lists.js";

type A = np.Array;
/** Real and imaginary parts. */
type Complex = readonly [re: A, im: A];

/** Largest transform by one product with a matrix; longer ones are split into two where their length has divisors. */
const ONE_PRODUCT = 64;

/** Discrete Fourier transform of the last axis; the inverse one has the factor 1 / n. */
export function fft(re: A, im: A, { inverse }: { inverse: boolean }): A[] {
  const n = nth(re.shape, -1);
  const [a, b] = transform([re, im], inverse ? 1 : -1);
  return inverse ? [a.div(n), b.div(n)] : [a, b];
}

/** X[k] = Σⱼ x[j] exp(±2πi jk / n). For n = ab: b transforms of length a, rotations, a transforms of length b. */
function transform(x: Complex, sign: 1 | -1): Complex {
  const n = nth(x[0].shape, -1);
  const a = divisorOf(n);
  if (a === 1) return times(x, powers(n, n, n, sign, x[0].dtype), (u, w) => np.matmul(u, w));
  const b = n / a;
  const lead = x[0].shape.slice(0, -1);
  const both = (f: (v: A) => A, [u, v]: Complex): Complex => [f(u), f(v)];
  const turned = (y: Complex): Complex => both((v) => np.swapaxes(v, -1, -2), y);
  // j = b i + l, k = p + a q: [..., a, b] -> [..., l, i] -> [..., l, p]
  const inner = transform(turned(both((v) => v.reshape([...lead, a, b]), x)), sign);
  const rotated = times(inner, powers(b, a, n, sign, x[0].dtype), (u, w) => u.mul(w));
  return both((v) => v.reshape([...lead, n]), turned(transform(turned(rotated), sign)));
}

/** The complex product by a bilinear one. */
function times([a, b]: Complex, [c, d]: Complex, multiply: (u: A, w: A) => A): Complex {
  return [multiply(a.ref, c.ref).sub(multiply(b.ref, d.ref)), multiply(a, d).add(multiply(b, c))];
}

/** exp(±2πi jk / n) for j < rows, k < columns. */
function powers(rows: number, columns: number, n: number, sign: 1 | -1, dtype: np.DType): Complex {
  const of = (f: (angle: number) => number): A => {
    const values = Array.from({ length: rows * columns }, (_, at) => {
      const turns = (Math.floor(at / columns) * (at % columns)) % n;
      return f((2 * Math.PI * turns) / n);
    });
    const data = dtype === np.float64 ? Float64Array.from(values) : Float32Array.from(values);
    return np.array(data, { dtype, shape: [rows, columns] });
  };
  return [of(Math.cos), of((angle) => sign * Math.sin(angle))];
}

/** The divisor of n next to its root from below; 1 for short transforms and for primes. */
function divisorOf(n: number): number {
  if (n <= ONE_PRODUCT) return 1;
  let a = Math.floor(Math.sqrt(n));
  while (n % a !== 0) a--;
  return a;
}
