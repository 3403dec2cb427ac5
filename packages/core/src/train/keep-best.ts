import type { Hook } from "./run-steps.js";
import type { Trainer } from "./trainer.js";

/** A state after so many steps, and its mean log p of held-out examples, in any unit. */
export type Measured<T> = Readonly<{ step: number; logProb: number; state: T }>;

/** Keeps the best of some states, the first of equal ones; NaN is worse than any number. */
export function keepBest<T>(before?: Measured<T>) {
  const kept = { best: before };
  return {
    get best(): Measured<T> | undefined {
      return kept.best;
    },
    /** Whether this state is the best so far, and is kept. */
    offer(next: Measured<T>): boolean {
      const { best } = kept;
      const isBest = best === undefined || next.logProb > best.logProb || Number.isNaN(best.logProb);
      if (isBest) kept.best = next;
      return isBest;
    },
    /** Starts again from the best that is known elsewhere. */
    restore(best: Measured<T> | undefined): void {
      kept.best = best;
    },
  };
}

export type KeepBest<T> = ReturnType<typeof keepBest<T>>;

/** Mean log p of the held-out examples after so many steps, and whether it is the best so far. */
export type Validation = Readonly<{ step: number; logProb: number; best: boolean }>;

/**
 * Measures the start, the states where it is due, and the end, each once, and keeps the best. The run ends where it has
 * taken `patience` steps without a better state: that depends on the best state alone, so a run that goes on ends alike.
 */
export function measuring<T>({
  trainer,
  due,
  measure,
  best,
  patience = Number.POSITIVE_INFINITY,
  onMeasured,
}: Readonly<{
  trainer: Pick<Trainer, "taken">;
  due: (taken: number) => boolean;
  /** Mean log p of held-out examples at the state of this moment, and what is kept of the state. */
  measure: () => Promise<Pick<Measured<T>, "logProb" | "state">>;
  best: KeepBest<T>;
  /** Steps since the best state after which the run ends. Default: it never ends early. */
  patience?: number | undefined;
  onMeasured?: ((measured: Validation) => void | Promise<void>) | undefined;
}>) {
  let last: number | undefined;
  const measureOnce = async (): Promise<void> => {
    if (last === trainer.taken) return;
    const { logProb, state } = await measure();
    const step = trainer.taken;
    last = step;
    const isBest = best.offer({ step, logProb, state });
    await onMeasured?.({ step, logProb, best: isBest });
  };
  return {
    start: measureOnce,
    step: async () => {
      if (due(trainer.taken)) await measureOnce();
    },
    stopped: () => trainer.taken - (best.best?.step ?? trainer.taken) >= patience,
    end: measureOnce,
    back: () => {
      last = undefined; // what comes again is measured again
    },
  } satisfies Hook;
}
