import { NotFiniteError, UsageError } from "../errors.js";

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
