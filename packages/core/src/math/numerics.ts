import { lax, numpy as np } from "@jax-js/jax";
import { countOf } from "../shape.js";
import { log } from "./log.js";

/** ln 2π. */
export const LOG_2PI = Math.log(2 * Math.PI);

/** log(1 + eˣ) without overflow: m + log(e^(x − m) + e^−m) for m = max(x, 0). */
export function softplus(x: np.Array): np.Array {
  const top = lax.stopGradient(np.maximum(x.ref, 0));
  return log(np.exp(x.sub(top.ref)).add(np.exp(top.ref.neg()))).add(top);
}

/** The argument at which softplus is `y` > 0: log(eʸ − 1). */
export const softplusInverse = (y: number): number => y + Math.log(-Math.expm1(-y));

/** limit·tanh(x / limit): x near 0, never beyond ± limit. */
export const softBound = (x: np.Array, limit: number): np.Array => np.tanh(x.div(limit)).mul(limit);

/** log N(x; 0, 1), entry by entry. */
export const standardNormalLogDensity = (x: np.Array): np.Array => np.square(x).add(LOG_2PI).mul(-0.5);

/** x for x ≥ 0, else `below` of min(x, 0). */
export function belowZero(x: np.Array, below: (negative: np.Array) => np.Array): np.Array {
  const negative = below(np.minimum(x.ref, 0));
  return np.where(np.less(x.ref, 0), negative, x);
}

/** Sum over all axes but the first: [B, …] ↦ [B]. */
export function sumExamples(x: np.Array): np.Array {
  if (x.ndim === 1) return x;
  if (x.size === 0) {
    // jax-js leaves a sum of nothing as the memory was
    const zeros = np.zeros([countOf(x)], { dtype: x.dtype });
    x.dispose();
    return zeros;
  }
  return np.sum(
    x,
    Array.from({ length: x.ndim - 1 }, (_, i) => i + 1),
  );
}

/** The least finite float32. */
const LEAST = -(2 - 2 ** -23) * 2 ** 127;

/** log Σ exp over one axis, stable; −Infinity where all are, and not NaN. */
export function logSumExp(x: np.Array, axis: number): np.Array {
  const top = lax.stopGradient(np.maximum(np.max(x.ref, axis, { keepdims: true }), LEAST));
  return np.squeeze(top.ref.add(log(np.sum(np.exp(x.sub(top)), axis, { keepdims: true }))), axis);
}

/** A scalar for every example: [] ↦ [B]. */
export const perExample = (scalar: np.Array, batch: number): np.Array => np.broadcastTo(scalar, [batch]);

/**
 * 1 for the one that is chosen, 0 for the others, [K, B]: by log weights [K, B], unnormalized, and uniform numbers [1, B]. Consumes
 * both.
 */
export function oneOf(logWeights: np.Array, uniform: np.Array): np.Array {
  const [K = 0, B = 0] = logWeights.shape;
  const { dtype } = logWeights;
  const weights = np.exp(logWeights.ref.sub(np.expandDims(logSumExp(logWeights, 0), 0)));
  const upTo = np.matmul(np.tril(np.ones([K - 1, K], { dtype })), weights);
  const past = np.lessEqual(upTo, uniform).astype(dtype); // [K − 1, B], ones first
  const edge = (value: number): np.Array => np.full([1, B], value, { dtype });
  return np.concatenate([edge(1), past.ref], 0).sub(np.concatenate([past, edge(0)], 0));
}
