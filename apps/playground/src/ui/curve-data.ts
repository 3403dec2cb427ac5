import { standingOf } from "./held-out.js";
import type { Curve } from "./run.js";

/** x ascending; undefined values are gaps. */
export type CurveData = readonly [x: number[], ...series: (number | undefined)[][]];

/** Most points along x: more are not visible, and make drawing slow. */
const MOST = 800;

const finite = (value: number | undefined): number | undefined =>
  Number.isFinite(value) ? value : undefined;

/**
 * Steps, the mean log p of the batches between two of them, and the last measurement of held-out examples between two
 * of them; and the best measurement.
 */
export function curveData({ batches, heldOut }: Curve): CurveData {
  const last = Math.max(batches.length, heldOut.at(-1)?.[0] ?? 0);
  const stride = Math.max(1, Math.ceil(last / MOST));
  const steps = Array.from({ length: Math.ceil(last / stride) + 1 }, (_, i) => i * stride);
  const means = steps.map((end) => {
    const some = batches.slice(Math.max(0, end - stride), end).filter(Number.isFinite);
    return finite(some.reduce((sum, value) => sum + value, 0) / some.length);
  });
  const measured = new Array<number | undefined>(steps.length).fill(undefined);
  const best = [...measured];
  const standing = standingOf(heldOut);
  for (const [at, value] of heldOut) {
    measured[Math.ceil(at / stride)] = finite(value);
    if (at === standing?.best) best[Math.ceil(at / stride)] = finite(value);
  }
  return [steps, means, measured, best];
}
