import { NotFiniteError, UsageError } from "../errors.js";
import type { Rollback } from "./state.js";

/**
 * Step size at step t = 0, 1, …: linear warm-up, then half a cosine from the peak to 0 over the rest
 * of the whole run, after whose last step it is 0. Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), without restarts.
 */
export function cosineSchedule({
  peak,
  steps,
  warmup = 0,
}: {
  peak: number;
  steps: number;
  warmup?: number;
}): (t: number) => number {
  return (t) => {
    if (t < warmup) return (peak * (t + 1)) / warmup;
    const progress = Math.min((t - warmup) / Math.max(steps - warmup, 1), 1);
    return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

/** What a return multiplies step sizes with, for how many steps beyond the one that failed. */
const SHORTER = 0.1;
const SHORTER_STEPS = 100;

/** Returns that may be in force at once. */
const MOST_ROLLBACKS = 3;

/** What the step sizes of a step (1, 2, …) are multiplied with. */
export const shortening = (rollbacks: readonly Rollback[], step: number): number =>
  SHORTER ** rollbacks.filter(({ until }) => step <= until).length;

/**
 * The returns with one more, from a step that was not finite to the state after step `to`.
 *
 * Errors: `NotFiniteError`, that of the step, where three returns in force did not help.
 */
export function withRollback(
  rollbacks: readonly Rollback[],
  failure: NotFiniteError,
  to: number,
): Rollback[] {
  const inForce = rollbacks.filter(({ until }) => failure.step <= until).length;
  if (inForce >= MOST_ROLLBACKS)
    throw new NotFiniteError(
      failure.step,
      failure.layer,
      `${failure.message}\n${MOST_ROLLBACKS} returns to earlier states with shorter steps did not help`,
      { cause: failure },
    );
  const { step, layer } = failure;
  return [...rollbacks, { failed: step, layer, to, until: step + SHORTER_STEPS }];
}

/** Steps that each step size is tried for, and the part of them, the last ones, that it is judged by. */
const TRIED_STEPS = 20;
const JUDGED_PART = 0.25;

/**
 * Of some peak step sizes the one whose losses end lowest, each tried for a few steps of a run of so many. `take` takes a
 * step of a size, `reset` puts everything back to where it was.
 *
 * Errors: `NotFiniteError` where no step size gives finite losses, `UsageError` where none is named.
 */
export async function findRate(
  rates: readonly number[],
  steps: number,
  { take, reset }: { take: (peak: number) => Promise<number>; reset: () => Promise<void> },
): Promise<number> {
  let best: { peak: number; loss: number } | undefined;
  let failure: NotFiniteError | undefined;
  for (const peak of rates) {
    try {
      const losses: number[] = [];
      while (losses.length < Math.min(TRIED_STEPS, steps)) losses.push(await take(peak));
      const last = losses.slice(-Math.ceil(losses.length * JUDGED_PART));
      const loss = last.reduce((sum, each) => sum + each, 0) / last.length;
      if (best === undefined || loss < best.loss) best = { peak, loss };
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw error;
      failure = error;
    } finally {
      await reset();
    }
  }
  if (best === undefined) throw failure ?? new UsageError("no step size to try was named");
  return best.peak;
}
