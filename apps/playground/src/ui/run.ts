import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Standing, TrainingEvent } from "../worker/training.js";
import { type HeldOutStanding, standingOf } from "./held-out.js";
import { wordsOf } from "./problem.js";

type StartRun<V> = (
  args: { steps?: number },
  options: { onEvent: (event: TrainingEvent<V>) => void; signal: AbortSignal },
) => Promise<Standing>;

export type Curve = Readonly<{
  /** log p of the batch of every step so far. */
  batches: readonly number[];
  /** Steps, and log p of held-out examples after them. */
  heldOut: readonly (readonly [step: number, logProb: number])[];
}>;

/** A run in the worker, as the page sees it. */
export type Run<V> = Readonly<{
  going: ReadonlySignal<boolean>;
  step: ReadonlySignal<number>;
  /** How held-out examples fare: which step was best for them, which the page shows, and what became of them since. */
  standing: ReadonlySignal<HeldOutStanding | undefined>;
  view: ReadonlySignal<V | undefined>;
  curve: ReadonlySignal<Curve>;
  /** What went wrong with it, in words. */
  problem: Signal<string | undefined>;
  /** Said once where it happens, for those who do not see the page. */
  status: Signal<string>;
  /** Trains on: so many steps, or until paused. */
  train(steps?: number): void;
  /** Stops after the current step; resolves when it has. */
  stop(): Promise<void>;
  show(view: V): void;
  /** Forgets what was shown. */
  clear(): void;
}>;

/** `opened` is what the worker has open: a device that is lost is another one there from then on. */
export function makeRun<V extends { step: number; logProb: number }, O extends { device: string }>(
  opened: Signal<O | undefined>,
  start: StartRun<V>,
): Run<V> {
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
  const show = (next: V): void =>
    batch(() => {
      view.value = next;
      if (curve.value.heldOut.length === 0) measured(next.step, next.logProb);
    });
  const receive = (event: TrainingEvent<V>): void => {
    if (event.kind === "view") show(event.view);
    else if (event.kind === "heldOut") measured(event.step, event.logProb);
    else if (event.kind === "fallback") {
      status.value = `${event.why}: training goes on in ${event.device}.`;
      if (opened.value) opened.value = { ...opened.value, device: event.device };
    } else
      curve.value = {
        ...curve.value,
        batches: [...curve.value.batches.slice(0, event.first), ...event.values],
      };
  };
  return {
    going,
    view,
    curve,
    problem,
    status,
    standing: computed(() => standingOf(curve.value.heldOut)),
    step: computed(() => Math.max(curve.value.batches.length, view.value?.step ?? 0)),
    show,
    train(steps) {
      if (current) return;
      const abort = new AbortController();
      const go = async (): Promise<void> => {
        try {
          const args = steps === undefined ? {} : { steps };
          const { finished, taken } = await start(args, { onEvent: receive, signal: abort.signal });
          if (finished) status.value = `Trained: all ${taken} steps are taken. With more of them it goes on.`;
          else if (abort.signal.aborted) status.value = `Paused after step ${taken}.`;
        } catch (error) {
          problem.value = wordsOf(error);
        }
        current = undefined;
        going.value = false;
      };
      problem.value = undefined;
      going.value = true;
      current = { abort, done: go() };
    },
    async stop() {
      current?.abort.abort();
      await current?.done;
    },
    clear() {
      batch(() => {
        view.value = undefined;
        curve.value = nothing;
        problem.value = undefined;
        status.value = "";
      });
    },
  };
}
