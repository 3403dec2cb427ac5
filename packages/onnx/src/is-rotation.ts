import type { HostArray } from "@flowify/core";
import { makeRng } from "@flowify/core/layer";
import { DType } from "@jax-js/jax";

/** Tolerance for orthogonality; its users make an error of the square of this. */
const TOLERANCE = 1e-4;

/**
 * True if R (Rᵀ v) = v for a random vector v. This holds for a non-orthogonal R with probability 0, and computing R Rᵀ
 * would take n times as long.
 */
export function isRotation({ data, shape, dtype }: HostArray): boolean {
  const [n = 0, columns] = shape;
  if (dtype !== DType.Float32 || shape.length !== 2 || n !== columns || n < 2) return false;
  const v = new Float32Array(n);
  makeRng(n).fillNormal(v);
  const turned = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) turned[j]! += (data[i * n + j] as number) * v[i]!;
  return v.every((value, i) => {
    let back = 0;
    for (let j = 0; j < n; j++) back += (data[i * n + j] as number) * turned[j]!;
    return Math.abs(back - value) < TOLERANCE;
  });
}
