import { NotFiniteError } from "../errors.js";
import type { StepReport, Trainer } from "./trainer.js";

/** The clock may stand still: no step takes less than this, in milliseconds. */
const LEAST_MS = 1e-3;

type Host = { setImmediate?: (callback: () => void) => unknown };

/** Lets signals, timers and messages in: the steps of an executor in this thread leave them no gap. */
export const yieldToEvents = (): Promise<void> =>
  new Promise((resolve) => {
    const { setImmediate: later = setTimeout } = globalThis as Host; // that of Node does not wait for a clock
    later(() => resolve());
  });

type Done = void | Promise<void>;

/** What goes with the steps of a run. Hooks are called one after another, in their order. */
export type Hook = Readonly<{
  /** Before the first step. */
  start?: (() => Done) | undefined;
  /** After each step, which took so many milliseconds. */
  step?: ((report: StepReport, milliseconds: number) => Done) | undefined;
  /** True where the run ends before its next step. */
  stopped?: (() => boolean) | undefined;
  /** At the end of the run, also of one that was stopped. */
  end?: (() => Done) | undefined;
  /** After the run went back to an earlier state. */
  back?: (() => Done) | undefined;
}>;

export type StepRun = Readonly<{
  trainer: Pick<Trainer, "taken" | "step">;
  /** The run ends when so many steps are taken. */
  until: number;
  hooks?: readonly Hook[];
  /** Goes back to an earlier state where a step, or a hook after it, was not finite. Default: the run ends with the error. */
  recover?: (failure: NotFiniteError) => Promise<unknown>;
  /** Other events of this thread get their turn about every so many milliseconds; 0 for after each step. Default 50. */
  pauseMs?: number;
}>;

/**
 * Takes the steps of a run: the only loop of training, below `fit`, the command and the page. It draws no random
 * numbers and changes no state, so how a run is watched makes no difference to its numbers.
 *
 * Errors: those of the step and of the hooks; `NotFiniteError` where there is no `recover`, or it throws.
 */
export async function runSteps(run: StepRun): Promise<void> {
  const { trainer, until, hooks = [], recover, pauseMs = 50 } = run;
  let paused = performance.now();

  const each = async (moment: "start" | "end" | "back"): Promise<void> => {
    for (const hook of hooks) await hook[moment]?.();
  };
  const toTheEnd = async (): Promise<void> => {
    while (trainer.taken < until && !hooks.some(({ stopped }) => stopped?.())) {
      const began = performance.now();
      const report = await trainer.step();
      const milliseconds = Math.max(performance.now() - began, LEAST_MS);
      for (const hook of hooks) await hook.step?.(report, milliseconds);
      if (performance.now() - paused < pauseMs) continue;
      await yieldToEvents();
      paused = performance.now();
    }
    await each("end");
  };

  await each("start");
  for (;;)
    try {
      return await toTheEnd();
    } catch (error) {
      if (recover === undefined || !(error instanceof NotFiniteError)) throw error;
      await recover(error);
      await each("back");
    }
}
