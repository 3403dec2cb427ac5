import { dot, solve } from "../math/linalg.js";
import type { LinearizedNetwork } from "./linearized.js";

/**
 * Examples x, the residual of each, r = y − f(x), and the ridge of each as a share of about the largest squared
 * singular value of J.
 */
export type Steps = Readonly<{ x: Float32Array; left: Float64Array; ridges: readonly number[] }>;

/** Most rows or columns (the fewer of the two) of a J that is computed as a whole. */
const WHOLE = 64;

/** Conjugate gradients: most steps, and the relative size of the remaining gradient. */
const CONJUGATE = { steps: 60, leaves: 1e-3 };

/**
 * Jᵀ (J Jᵀ + λ I)⁻¹ r of every example, the shortest step that reduces r to first order; 0 if r is 0. For a small J
 * from its rows or columns in float64, otherwise by conjugate gradients with products with J.
 */
export function shortestWays(f: LinearizedNetwork, steps: Steps): Promise<Float32Array> {
  return Math.min(f.inSize, f.outSize) <= WHOLE ? wholeWays(f, steps) : conjugateWays(f, steps);
}

async function wholeWays(f: LinearizedNetwork, { x, left, ridges }: Steps): Promise<Float32Array> {
  const { inSize: n, outSize: m } = f;
  const ways = new Float32Array(x.length);
  const slopes = await f.slopes(x);
  const width = Math.max(n, m);
  for (const [k, ridge] of ridges.entries())
    shortestWay(
      ways.subarray(k * n, (k + 1) * n),
      slopes.map((all) => all.subarray(k * width, (k + 1) * width)),
      left.subarray(k * m, (k + 1) * m),
      ridge,
    );
  return ways;
}

/** Jᵀ (J Jᵀ + λ I)⁻¹ r = (Jᵀ J + λ I)⁻¹ Jᵀ r, into `way`: by the smaller of the two matrices. */
function shortestWay(
  way: Float32Array,
  slopes: readonly Float32Array[],
  left: Float64Array,
  ridge: number,
): void {
  const side = slopes.length;
  const gram = new Float64Array(side * side);
  for (let i = 0; i < side; i++)
    for (let j = 0; j <= i; j++) {
      const product = dot(slopes[i]!, slopes[j]!);
      gram[i * side + j] = product;
      gram[j * side + i] = product;
    }
  const largest = gram.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return;
  for (let i = 0; i < side; i++) gram[i * side + i]! += ridge * largest;
  const solved = (r: Float64Array): Float64Array => solve({ rows: side, columns: side, data: gram }, r);
  if (left.length > way.length) way.set(solved(Float64Array.from(slopes, (column) => dot(column, left))));
  else
    for (const [i, weight] of solved(left).entries())
      for (let p = 0; p < way.length; p++) way[p]! += weight * slopes[i]![p]!;
}

/**
 * Conjugate gradients on (Jᵀ J + λ I) way = Jᵀ r, of all examples in parallel; λ is a share of the first quotient ‖J
 * p‖² / ‖p‖².
 */
async function conjugateWays(f: LinearizedNetwork, { x, left, ridges }: Steps): Promise<Float32Array> {
  const { inSize: n } = f;
  const ways = new Float32Array(x.length);
  const gradient = Float64Array.from(await f.back(x, Float32Array.from(left)));
  const direction = Float32Array.from(gradient);
  const examples = ridges.map((ridge, k) => {
    const at = k * n;
    const part = <T extends Float32Array | Float64Array>(all: T): T => all.subarray(at, at + n) as T;
    const own = { way: part(ways), gradient: part(gradient), direction: part(direction) };
    const square = dot(own.gradient, own.gradient);
    return { ...own, at, ridge, lambda: Number.NaN, square, enough: CONJUGATE.leaves ** 2 * square };
  });
  for (let step = 0; step < CONJUGATE.steps; step++) {
    const going = examples.filter(({ square, enough }) => square > enough);
    if (going.length === 0) break;
    const turned = await f.normal(x, direction);
    for (const example of going) {
      const { way, gradient: rest, direction: p } = example;
      const product = turned.subarray(example.at, example.at + n);
      const [curvature, length] = [dot(p, product), dot(p, p)];
      if (step === 0) example.lambda = (example.ridge * curvature) / length;
      const far = example.square / (curvature + example.lambda * length);
      if (!Number.isFinite(far)) {
        example.square = 0;
        continue;
      }
      for (let i = 0; i < n; i++) {
        way[i]! += far * p[i]!;
        rest[i]! -= far * (product[i]! + example.lambda * p[i]!);
      }
      const square = dot(rest, rest);
      const turn = square / example.square;
      for (let i = 0; i < n; i++) p[i] = rest[i]! + turn * p[i]!;
      example.square = square;
    }
  }
  return ways;
}
