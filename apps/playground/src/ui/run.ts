import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import { shownPart, type TabConfig } from "../shell/route.js";
import type { Standing, TrainingEvent } from "../worker/training.js";
import { standingOf } from "./held-out.js";
import { wordsOf } from "./problem.js";

type StartRun<V> = (
  args: { steps?: number },
  options: { onEvent: (event: TrainingEvent<V>) => void; signal: AbortSignal },
) => Promise<Standing>;

export type Curve = Readonly<{
  /** log p of the batch, for every step so far. */
  batches: readonly number[];
  /** Steps, and log p of held-out examples after each. */
  heldOut: readonly (readonly [step: number, logProb: number])[];
}>;

/** What a run trains. */
type RunOptions<V, O> = Readonly<{
  tab: TabConfig<{ running: boolean }>;
  /** The flow in the worker; its device changes if a device is lost. */
  opened: Signal<O | undefined>;
  train: StartRun<V>;
  /** Starts again with the present configuration. */
  reset(): Promise<void>;
  /** Downloads what was learned. */
  save(): Promise<void>;
}>;

/** A run in the worker, as the page sees it. */
export type Run = ReturnType<typeof makeRun>;

/** The run of a tab. It pauses while another tab is shown, and resumes afterwards. */
export function makeRun<
  V extends { step: number; logProb: number },
  O extends { device: string; parameters: number },
>({ tab, opened, train: start, reset, save }: RunOptions<V, O>) {
  const stored = signal(tab.bare);
  const nothing: Curve = { batches: [], heldOut: [] };
  const going = signal(false);
  const view = signal<V | undefined>(undefined);
  const curve = signal(nothing);
  const problem = signal<string | undefined>(undefined);
  const status = signal("");
  let current: { abort: AbortController; done: Promise<void> } | undefined;

  const measured = (step: number, logProb: number): void => {
    const before = curve.value.heldOut.filter(([earlier]) => earlier < step);
    curve.value = { ...curve.value, heldOut: [...before, [step, logProb]] };
  };
  const receive = (event: TrainingEvent<V>): void => {
    if (event.kind === "view") run.show(event.view);
    else if (event.kind === "heldOut") measured(event.step, event.logProb);
    else if (event.kind === "fallback") {
      status.value = `${event.why}: training continues in ${event.device}.`;
      if (opened.value) opened.value = { ...opened.value, device: event.device };
    } else {
      const before = curve.value.batches.slice(0, event.first);
      // the steps of a run that was opened are not known
      const unknown = new Array<number>(event.first - before.length).fill(Number.NaN);
      curve.value = { ...curve.value, batches: [...before, ...unknown, ...event.values] };
    }
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      problem.value = wordsOf(error);
    }
  };
  const run = {
    /** The open flow, once there is one. */
    opened,
    /** Whether what is shown is the finished example that came with the page: no worker has started yet. */
    stored,
    going,
    view,
    curve,
    /** Message of its last error. */
    problem,
    /** Announcement for screen readers. */
    status,
    /** Held-out examples: their best step, which the page shows, and the trend since. */
    standing: computed(() => standingOf(curve.value.heldOut)),
    step: computed(() => Math.max(curve.value.batches.length, view.value?.step ?? 0)),
    show(next: V): void {
      batch(() => {
        view.value = next;
        if (curve.value.heldOut.length === 0) measured(next.step, next.logProb);
      });
    },
    /** Continues training for some steps, or until paused. */
    train(steps?: number): void {
      if (current) return;
      const abort = new AbortController();
      const go = async (): Promise<void> => {
        const args = steps === undefined ? {} : { steps };
        const { finished, taken } = await start(args, { onEvent: receive, signal: abort.signal });
        if (finished)
          status.value = `Trained: all ${taken} steps are done. Increase the number of steps to continue.`;
        else if (abort.signal.aborted) status.value = `Paused after step ${taken}.`;
      };
      problem.value = undefined;
      status.value = "";
      going.value = true;
      const done = attempt(go).then(() => {
        current = undefined;
        going.value = false;
      });
      current = { abort, done };
    },
    /** Stops after the current step; resolves then. */
    async stop(): Promise<void> {
      current?.abort.abort();
      await current?.done;
    },
    /** Clears the shown results. */
    clear(): void {
      batch(() => {
        view.value = undefined;
        curve.value = nothing;
        problem.value = undefined;
        status.value = "";
      });
    },
    /** Trains, and notes in the address that it does; or that it does not. */
    play: (): void => {
      tab.change({ running: true });
      if (stored.value) void reset();
      else run.train();
    },
    pause: (): void => {
      tab.change({ running: false });
      void run.stop();
    },
    reset,
    save: () => attempt(save),
    /** Does something for the run; an error becomes its problem. */
    attempt,
  };
  let resting = false;
  effect(() => {
    const shown = shownPart.value === tab.part;
    if (!shown && going.peek()) {
      resting = true;
      void run.stop();
    } else if (shown && resting) {
      resting = false;
      void run.stop().then(() => run.train());
    }
  });
  return run;
}
