import type { CurveData } from "./curve.js";
import type { Curve } from "./run.js";

const finite = (value: number | undefined): number | undefined =>
  Number.isFinite(value) ? value : undefined;

/** Steps, log p of each step's batch, and of held-out items where they were measured. */
export function curveData({ batches, heldOut }: Curve): CurveData {
  const last = Math.max(batches.length, heldOut.at(-1)?.[0] ?? 0);
  const measured = new Array<number | undefined>(last + 1).fill(undefined);
  for (const [at, value] of heldOut) measured[at] = finite(value);
  const steps = Array.from(measured, (_, i) => i);
  return [steps, steps.map((i) => finite(batches[i - 1])), measured];
}
