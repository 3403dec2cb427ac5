import { numpy as np } from "@jax-js/jax";

/** Beyond this, products with its reciprocal are no longer sure to be finite. */
const LARGE = 1e30;

/**
 * log x for x > 0, with a step of Newton behind it, y + x e^−y − 1: jax-js in WebAssembly has logarithms to 1e-5 and exponentials
 * to 1e-6, and scores have to agree in all engines.
 */
export function preciseLog(x: np.Array): np.Array {
  const y = np.log(x.ref);
  const step = np.minimum(x.ref, LARGE).mul(np.exp(y.ref.neg())).sub(1);
  return y.add(np.where(np.less(x, LARGE), step, 0));
}
