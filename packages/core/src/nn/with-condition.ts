import { numpy as np } from "@jax-js/jax";

/**
 * What a network inside of a layer sees of an example, with the condition c [B, m] of the flow behind it: [B, n, …space] to
 * [B, n + m, …space], the same at every place. Without a condition as it is. Consumes both.
 */
export function withCondition(x: np.Array, condition: np.Array | undefined): np.Array {
  return condition ? np.concatenate([x, everywhere(condition, x.shape.slice(2))], 1) : x;
}

/** c [B, m] at every place, [B, m, …space]. Consumes it. */
export function everywhere(condition: np.Array, space: readonly number[]): np.Array {
  if (space.length === 0) return condition;
  const [batch = 0, m = 0] = condition.shape;
  return np.broadcastTo(condition.reshape([batch, m, ...space.map(() => 1)]), [batch, m, ...space]);
}

/** The same for rows [B · each, n] with `each` rows an example. Consumes both. */
export function rowsWithCondition(rows: np.Array, condition: np.Array | undefined, each: number): np.Array {
  if (!condition) return rows;
  const [batch = 0, m = 0] = condition.shape;
  const repeated = np.broadcastTo(condition.reshape([batch, 1, m]), [batch, each, m]);
  return np.concatenate([rows, repeated.reshape([batch * each, m])], 1);
}
