import { NotFiniteError } from "../errors.js";
import type { StepReport, Trainer } from "./trainer.js";
import { yieldToEvents } from "./yield-to-events.js";

/** The clock may stand still: no step takes less than this, in milliseconds. */
const LEAST_MS = 1e-3;

/** How a run goes, and what its owner does meanwhile. */
export type StepRun = Readonly<{
  /** The trainer of this moment: another one where the run has moved to another device. */
  trainer: () => Trainer;
  /** The run ends when so many steps are taken, */
  until: number;
  /** or before a step where this is true. Default never. */
  stopped?: () => boolean;
  /** Lets a step wait for its turn, where others use the trainer too. */
  turn?: <T>(step: () => Promise<T>) => Promise<T>;
  /** Called after each step, which took so many milliseconds. */
  onStep?: (report: StepReport, milliseconds: number) => void | Promise<void>;
  /** Called before the first step, every so many steps, and at the end of the run, once for a state. */
  measure?: Readonly<{
    every: number;
    state: (taken: number) => Promise<void>;
    /** The step that was measured last, where the run goes on. */
    last?: number | undefined;
  }>;
  /** Goes back to an earlier state where a step, or what was called after it, was not finite. Default: the run ends with the error. */
  recover?: (failure: NotFiniteError) => Promise<void>;
  /** Other events of this thread get their turn about every so many milliseconds; 0 for after each step. Default 50. */
  pauseMs?: number;
}>;

/**
 * Takes the steps of a run: the only loop of training, below `fit`, the command and the page. It draws no random
 * numbers and changes no state, so how a run is watched makes no difference to its numbers.
 *
 * Errors: those of the step and of what is called; `NotFiniteError` where there is no `recover`, or it throws.
 */
export async function runSteps(run: StepRun): Promise<void> {
  const { trainer, until, turn = (step) => step(), onStep, measure, recover, pauseMs = 50 } = run;
  let { last } = measure ?? {};
  let paused = performance.now();

  const measureOnce = async (): Promise<void> => {
    if (measure === undefined || last === trainer().taken) return;
    last = trainer().taken;
    await measure.state(last);
  };
  const isDue = (taken: number): boolean =>
    measure !== undefined && (taken % measure.every === 0 || taken >= until);
  const takeStep = async (): Promise<void> => {
    const began = performance.now();
    const report = await turn(() => trainer().step());
    await onStep?.(report, Math.max(performance.now() - began, LEAST_MS));
    if (isDue(trainer().taken)) await measureOnce();
  };

  if (last === undefined) await measureOnce();
  while (trainer().taken < until && !run.stopped?.()) {
    try {
      await takeStep();
    } catch (error) {
      if (recover === undefined || !(error instanceof NotFiniteError)) throw error;
      last = undefined; // what comes again is measured again
      await recover(error);
    }
    if (performance.now() - paused < pauseMs) continue;
    await yieldToEvents();
    paused = performance.now();
  }
  await measureOnce();
}
