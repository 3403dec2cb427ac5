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

/** Share of the patience that a run has in any case. */
const LEAST_PATIENCE = 0.5;

/** Nats by which held-out examples are together less likely than before, where further steps are in vain. */
const HOPELESS = 20;

/**
 * Measures the start, the states where it is due, and the end, each once, and keeps the best. The run ends where it has
 * taken `patience` steps without a better state: that depends on the best state alone, so a run that goes on ends alike. It ends
 * after fewer of them, and as many as led to the best, where so many held-out examples are together far less likely than then.
 */
export function measuring<T>({
  trainer,
  due,
  measure,
  best,
  patience = Number.POSITIVE_INFINITY,
  examples = 0,
  onMeasured,
}: Readonly<{
  trainer: Pick<Trainer, "taken">;
  due: (taken: number) => boolean;
  /** Mean log p of held-out examples at the state of this moment, and what is kept of the state. */
  measure: () => Promise<Pick<Measured<T>, "logProb" | "state">>;
  best: KeepBest<T>;
  /** Steps since the best state after which the run ends. Default: it never ends early. */
  patience?: number | undefined;
  /** How many are held out, where log p is in nats. */
  examples?: number | undefined;
  onMeasured?: ((measured: Validation) => void | Promise<void>) | undefined;
}>) {
  let last: number | undefined;
  let gaveUp = false;
  /** Of the state of this moment, also where another process has measured it. */
  const judge = (logProb: number): void => {
    const { step, logProb: most } = best.best!;
    const waited = trainer.taken - step >= Math.max(step, LEAST_PATIENCE * patience);
    gaveUp = waited && examples * (most - logProb) > HOPELESS;
  };
  const measureOnce = async (): Promise<void> => {
    if (last === trainer.taken) return;
    const { logProb, state } = await measure();
    const step = trainer.taken;
    last = step;
    const isBest = best.offer({ step, logProb, state });
    judge(logProb);
    await onMeasured?.({ step, logProb, best: isBest });
  };
  return {
    judge,
    start: measureOnce,
    step: async () => {
      if (due(trainer.taken)) await measureOnce();
    },
    stopped: () => gaveUp || trainer.taken - (best.best?.step ?? trainer.taken) >= patience,
    end: measureOnce,
    back: () => {
      last = undefined; // what comes again is measured again
    },
  } satisfies Hook & { judge: typeof judge };
}
