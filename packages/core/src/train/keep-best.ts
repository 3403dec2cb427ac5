import type { Hook } from "./run-steps.js";
import type { Trainer } from "./trainer.js";

/**
 * A state after so many steps, and its mean log p of held-out examples, in any unit. `gainStdErr`: standard error of the
 * difference from the start, where it is known.
 */
export type Measured<T> = Readonly<{ step: number; logProb: number; state: T; gainStdErr?: number }>;

/** Standard errors that a gain over the start must have, to be no chance. */
const SURE = 1;

/** The standard error of the mean of after − before, over the same examples; NaN of a single one. */
function stdErrOfGain(before: ArrayLike<number>, after: ArrayLike<number>): number {
  const gains = Array.from(after, (log, i) => log - before[i]!);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  return Math.sqrt(squares / (gains.length - 1) / gains.length);
}

/** Keeps the best of some states, the first of equal ones, and the start; NaN is worse than any number. */
export function keepBest<T>(known: Best<T> = {}) {
  const kept = { ...known };
  return {
    get best(): Measured<T> | undefined {
      return kept.best;
    },
    get start(): Measured<T> | undefined {
      return kept.start;
    },
    /** The best, or the start where the gain over it may be chance: few held-out examples choose among many states by luck. */
    get chosen(): Measured<T> | undefined {
      const { best, start } = kept;
      const isLuck = best && start && best.logProb <= start.logProb + SURE * (best.gainStdErr ?? 0);
      return isLuck ? start : best;
    },
    /** Whether this state is the best so far, and is kept. */
    offer(next: Measured<T>): boolean {
      const { best } = kept;
      if (next.step === 0) kept.start = next;
      const isBest = best === undefined || next.logProb > best.logProb || Number.isNaN(best.logProb);
      if (isBest) kept.best = next;
      return isBest;
    },
    /** Starts again from what is known elsewhere. */
    restore({ best, start }: Best<T>): void {
      Object.assign(kept, { best, start });
    },
  };
}

/** The best state, and the start, where they are known. */
type Best<T> = Readonly<{ best?: Measured<T> | undefined; start?: Measured<T> | undefined }>;

export type KeepBest<T> = ReturnType<typeof keepBest<T>>;

/** Gives log p of each held-out example. */
type Logs = () => Promise<ArrayLike<number>>;

/** Mean log p of the held-out examples after so many steps, and whether it is the best so far. */
export type Validation = Readonly<{ step: number; logProb: number; best: boolean; gainStdErr?: number }>;

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
  logsOfStart,
  onMeasured,
}: Readonly<{
  trainer: Pick<Trainer, "taken">;
  due: (taken: number) => boolean;
  /** Mean log p of held-out examples at the state of this moment, what is kept of the state, and log p of each example. */
  measure: () => Promise<Pick<Measured<T>, "logProb" | "state"> & Readonly<{ logs?: Logs }>>;
  best: KeepBest<T>;
  /** Steps since the best state after which the run ends. Default: it never ends early. */
  patience?: number | undefined;
  /** How many are held out, where log p is in nats. */
  examples?: number | undefined;
  /** log p of each example at the start, of a run that goes on. */
  logsOfStart?: (() => Promise<ArrayLike<number> | undefined>) | undefined;
  onMeasured?: ((measured: Validation) => void | Promise<void>) | undefined;
}>) {
  let last: number | undefined;
  let gaveUp = false;
  let start: ArrayLike<number> | undefined;
  /** Of the state of this moment, also where another process has measured it. */
  const judge = (logProb: number): void => {
    const { step, logProb: most } = best.best!;
    const waited = trainer.taken - step >= Math.max(step, LEAST_PATIENCE * patience);
    gaveUp = waited && examples * (most - logProb) > HOPELESS;
  };
  /** Of a state that is better than all before. */
  const errorOf = async (step: number, logProb: number, logs: Logs): Promise<number | undefined> => {
    if (step === 0) start = await logs();
    if (step === 0 || !best.start || !(logProb > best.best!.logProb)) return undefined;
    start ??= await logsOfStart?.();
    return start && stdErrOfGain(start, await logs());
  };
  const measureOnce = async (): Promise<void> => {
    if (last === trainer.taken) return;
    const { logProb, state, logs } = await measure();
    const step = trainer.taken;
    last = step;
    const error = logs && (await errorOf(step, logProb, logs));
    // of one example, and where one has a density of 0, it is not known
    const own = {
      step,
      logProb,
      ...(error !== undefined && Number.isFinite(error) && { gainStdErr: error }),
    };
    const isBest = best.offer({ ...own, state });
    judge(logProb);
    await onMeasured?.({ ...own, best: isBest });
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
