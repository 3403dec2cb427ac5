/**
 * Calls a simulator once. JavaScript, so that threads do the same.
 */
export function outcomeOf(simulate, theta, random) {
  try {
    const x = simulate(theta, random);
    return typeof x?.length === "number"
      ? { x: Float64Array.from(x) }
      : { kind: x instanceof Promise ? "a promise" : typeof x };
  } catch (error) {
    return {
      failed: `threw ${String(error)}`,
      ...(error instanceof ReferenceError && { lacks: error.message }),
    };
  }
}
