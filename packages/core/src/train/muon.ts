import { numpy as np } from "@jax-js/jax";
import { named, nth } from "../lists.js";
import { type Shape, sizeOf } from "../shape.js";
import { BETA1, TINY } from "./adam.js";

type ByPath = { [path: string]: np.Array };

/** The odd polynomial a x + b x³ + c x⁵, whose repetition takes the singular values of (0, 1] to about 1 (0.7 to 1.2). */
const POLYNOMIAL = [3.4445, -4.775, 2.0315] as const;
const REPETITIONS = 5;
/** Smaller entries of a matrix of length 1 are 0: products of such numbers would fall below 1e-38, where processors are slow. */
const LEAST_ENTRY = 1e-7;

/**
 * The root mean square of the step of an entry, in step sizes, in a run of so many steps: 7 / √steps, at most 0.4. A step is as
 * long where the gradient is noise, so a kernel wanders by √steps of them (docs/results/levers.md).
 */
export const muonSize = (steps: number): number => Math.min(0.4, 7 / Math.sqrt(steps));

/** 0 in place of numbers that are smaller than this, up to their sign. */
const withoutBelow = (x: np.Array, least: number): np.Array => np.where(np.less(np.abs(x.ref), least), 0, x);

/** New momentum M = Σ β₁^k g, and what the step looks at: the momentum of one step further on, β₁ M + g. Consumes both. */
export function muonMomentum(before: np.Array, gradient: np.Array): { first: np.Array; ahead: np.Array } {
  const first = withoutBelow(before.mul(BETA1).add(gradient.ref), TINY);
  return { first, ahead: first.ref.mul(BETA1).add(gradient) };
}

/**
 * About U Vᵀ for matrices G = U S Vᵀ, [K, m, n]: the nearest matrices with orthonormal rows or columns, by Newton–Schulz
 * with a polynomial of five powers. Directions of singular values far below the largest come out shorter. Consumes them.
 */
export function orthogonalized(matrices: np.Array): np.Array {
  const [, rows = 1, columns = 1] = matrices.shape;
  const tall = rows > columns;
  let x = tall ? np.matrixTranspose(matrices) : matrices;
  const length = np.sqrt(np.sum(np.square(x.ref), [1, 2], { keepdims: true }));
  x = x.div(np.maximum(length, 1e-30));
  x = withoutBelow(x, LEAST_ENTRY);
  const [a, b, c] = POLYNOMIAL;
  for (let k = 0; k < REPETITIONS; k++) {
    const gram = np.matmul(x.ref, np.matrixTranspose(x.ref)); // X Xᵀ
    const even = gram.ref.mul(b).add(np.matmul(gram.ref, gram).mul(c));
    x = x.ref.mul(a).add(np.matmul(even, x));
  }
  return tall ? np.matrixTranspose(x) : x;
}

/** The matrix that a kernel is: [out, in · height · width]. */
const matrixOf = ([rows = 1, ...rest]: Shape): [number, number] => [rows, sizeOf(rest)];

/**
 * Muon: K ← K − rate √max(m, n) U Vᵀ for each kernel, as a matrix [m, n], with the momentum U S Vᵀ. So every direction of a
 * kernel moves as far, and an entry by `rate`, in the root mean square. Kernels of one size go through the products together.
 * Consumes all.
 *
 * Source: Jordan et al. 2024 (Muon); the scale as in Liu et al. 2025 (arXiv:2502.16982), where `muonSize` is 0.2.
 */
export function moveKernels(kernels: ByPath, momenta: ByPath, rate: np.Array): ByPath {
  const bySize = new Map<string, string[]>();
  for (const [path, { shape }] of Object.entries(kernels)) {
    const size = matrixOf(shape).join("×");
    bySize.set(size, [...(bySize.get(size) ?? []), path]);
  }
  const next: ByPath = {};
  for (const paths of bySize.values()) {
    const shape = matrixOf(named(kernels, nth(paths, 0)).shape);
    const together = np.stack(
      paths.map((path) => named(momenta, path).reshape(shape)),
      0,
    );
    const scale = rate.ref.mul(Math.sqrt(Math.max(...shape)));
    const moves = np.split(orthogonalized(together).mul(scale), paths.length, 0);
    paths.forEach((path, k) => {
      const kernel = named(kernels, path);
      next[path] = kernel.sub(nth(moves, k).reshape(kernel.shape));
    });
  }
  rate.dispose();
  return Object.fromEntries(Object.keys(kernels).map((path) => [path, named(next, path)]));
}
