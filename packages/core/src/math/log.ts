import { lax, numpy as np } from "@jax-js/jax";

/** Between 1 / LARGE and LARGE a product with a reciprocal is finite. */
const LARGE = 1e30;
const LOG_LARGE = Math.log(LARGE);

/** Up to this size of x, jax-js has log(1 + x) by a series, to rounding. */
const SERIES = 0.2;

let isRefined = false;

/** What `trace` returns; `log` and `log1p` have their step of Newton in all programs that are traced meanwhile. */
export function withRefinedLogs<T>(trace: () => T): T {
  const before = isRefined;
  isRefined = true;
  try {
    return trace();
  } finally {
    isRefined = before;
  }
}

/** y + x e^−y − 1, a step of Newton from y to log x; y where x is too large or too small for it. The slope of y stays as it is. */
function stepped(y: np.Array, x: np.Array): np.Array {
  const own = lax.stopGradient(x);
  const near = np.clip(own.ref, 1 / LARGE, LARGE);
  const reciprocal = np.exp(np.clip(lax.stopGradient(y.ref), -LOG_LARGE, LOG_LARGE).neg());
  return y.add(np.where(np.equal(near.ref, own), near.mul(reciprocal).sub(1), 0));
}

/**
 * log x, entry by entry, to rounding in every engine: the float32 logarithms of jax-js in WebAssembly have errors of up to 1.2e-5,
 * its exponentials of 2e-7, so there a step of Newton follows.
 */
export function log(x: np.Array): np.Array {
  if (!isRefined || x.dtype !== "float32") return np.log(x);
  return stepped(np.log(x.ref), x);
}

/** log(1 + x), as `log`. */
export function log1p(x: np.Array): np.Array {
  if (!isRefined || x.dtype !== "float32") return np.log1p(x);
  const y = np.log1p(x.ref);
  const isSeries = np.lessEqual(np.absolute(x.ref), SERIES);
  return np.where(isSeries, y.ref, stepped(y, x.add(1)));
}
