import { numpy as np } from "@jax-js/jax";
import { countOf } from "../shape.js";

/** Spectral norm of a step's rotation that is never passed, in radians: beyond it the retraction is no rotation. */
const LONGEST_STEP = 0.7;

/** What float32 rounding adds to ‖RᵀR − I‖_max in a step, at most, about: half a unit in the last place of R. */
const ROUNDING = 2e-8;

/** Departure at which orthogonal parameters are reorthogonalized. */
const DRIFT_LIMIT = 2e-6;

/** Departure up to which one Newton–Schulz step leaves less than rounding does, in matrices of up to some thousand rows. */
const ONE_STEP = 1e-5;

/** The gradient of a loss along the rotations of R: S = RᵀG − GᵀR, skew, for G = ∂loss/∂R. Consumes both. */
export function skewGradient(r: np.Array, gradient: np.Array): np.Array {
  const product = np.matmul(np.transpose(r), gradient); // RᵀG
  return product.ref.sub(np.transpose(product));
}

/**
 * R ← R (I + Ω + Ω²/2) for a skew Ω, shortened to 0.7 radians where it is longer. Consumes both.
 *
 * The second-order retraction departs from O(n) by Ω⁴/4 only: (I + Ω + Ω²/2)ᵀ(I + Ω + Ω²/2) = I + Ω⁴/4.
 * It takes two products. A bound of that departure is returned as `drift`, what rounding adds
 * included: by Cauchy and Schwarz no entry of Ω⁴ is larger than the largest squared length of a row of
 * Ω². `reorthogonalize` takes the departure away once it has grown.
 */
export function retract(r: np.Array, omega: np.Array): { r: np.Array; drift: np.Array } {
  const square = np.matmul(omega.ref, omega.ref); // Ω², symmetric
  const rows = np.sum(np.square(square.ref), 1); // squared lengths of the rows of Ω²
  const size = np.sum(rows.ref); // ‖Ω²‖_F²
  // c‖Ω‖₂ ≤ c‖Ω²‖_F^½ ≤ LONGEST_STEP
  const longest = np.sqrt(np.sqrt(np.maximum(size.ref, 1e-30)));
  const shorten = np.minimum(np.reciprocal(longest).mul(LONGEST_STEP), 1);
  const shortened = omega.mul(shorten.ref).add(square.mul(np.square(shorten.ref).mul(0.5)));
  const next = r.ref.add(np.matmul(r, shortened));
  const drift = np
    .max(rows)
    .mul(np.square(np.square(shorten)))
    .mul(0.25)
    .add(ROUNDING);
  return { r: next, drift };
}

/** One Newton–Schulz step towards the nearest orthogonal matrix: R ← R (3I − RᵀR) / 2; δ ↦ ¾ δ². */
export function reorthogonalize(r: np.Array): np.Array {
  const n = countOf(r);
  const gram = np.matmul(np.transpose(r.ref), r.ref);
  const correction = np.eye(n, n, { dtype: r.dtype }).mul(1.5).sub(gram.mul(0.5));
  return np.matmul(r, correction);
}

/**
 * Newton–Schulz steps that take a departure away: none where it is small yet. The longest step of `retract` departs by 0.06,
 * of which one leaves 3e-3 and two leave 6e-6.
 */
export const stepsBack = (drift: number): 0 | 1 | 2 => {
  if (drift <= DRIFT_LIMIT) return 0;
  return drift <= ONE_STEP ? 1 : 2;
};
