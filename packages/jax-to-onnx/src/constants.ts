import type { ClosedJaxpr } from "@jax-js/jax";

/** The numbers of a constant of a traced program, and their common value, if they are all equal. */
export function readConstant(constant: ClosedJaxpr["consts"][number]): {
  values: ArrayLike<number>;
  uniform: number | undefined;
} {
  const values = (constant.ref as unknown as { dataSync(): ArrayLike<number> }).dataSync();
  const first = Number(values[0] ?? 0);
  let same = true;
  for (let j = 1; same && j < values.length; j++) same = Object.is(Number(values[j]), first);
  return { values, uniform: same ? first : undefined };
}
