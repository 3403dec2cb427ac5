import { computed, signal } from "@preact/signals";
import type { Progress } from "../run/session.js";
import { type Connection, connect } from "../worker/client.js";
import { wordsOf } from "./problem.js";

type Does = (worker: Connection, signal: AbortSignal) => Promise<void>;

/**
 * The work of a tab in its own worker, one task at a time. `forget` is called after the worker and its state are gone;
 * `restore` brings what came with the page into a worker.
 */
export function makeWork(forget: () => void, restore?: (worker: Connection) => Promise<unknown>) {
  const progress = signal<Progress | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  let connection: Connection | undefined;
  let ending: AbortController | undefined;
  let patience = 0;
  let last = Promise.resolve();

  async function go(does: Does, signal: AbortSignal): Promise<void> {
    try {
      connection ??= connect();
      await does(connection, signal);
    } catch (error) {
      // a cancelled task leaves no message
      if (!(error instanceof DOMException && error.name === "AbortError")) problem.value = wordsOf(error);
    } finally {
      progress.value = undefined;
      ending = undefined;
    }
  }
  const reset = (): Promise<void> => {
    connection?.close();
    connection = undefined;
    work.holder = undefined;
    forget();
    return last;
  };
  const work = {
    /** Progress of the present task; undefined when idle. */
    progress,
    busy: computed(() => progress.value !== undefined),
    /** Error message of the last task. */
    problem,
    /** The worker that holds what is shown; none as long as that came with the page. */
    holder: undefined as Connection | undefined,
    /** Runs a task, unless another one runs. A `soft` task can stop early by its signal and keeps its result. */
    start(stage: string, does: Does, how?: "soft"): Promise<void> {
      if (progress.value) return Promise.resolve();
      progress.value = { stage, done: 0, of: 1 };
      problem.value = undefined;
      const abort = new AbortController();
      ending = how && abort;
      last = go(does, abort.signal);
      return last;
    },
    /** A task on what is shown: a worker that does not hold it restores it first. */
    startOnShown: (stage: string, does: Does): Promise<void> =>
      work.start(stage, async (worker, signal) => {
        if (work.holder !== worker) {
          work.tell({ stage: "opening the example", done: 0, of: 1 });
          await restore?.(worker);
          work.holder = worker;
          work.tell({ stage, done: 0, of: 1 });
        }
        await does(worker, signal);
      }),
    tell: (now: Progress): void => {
      progress.value = now;
    },
    /** Stops the present task: softly if possible, otherwise and a second time, ten seconds later, like `reset`. */
    cancel: (): void => {
      if (ending?.signal.aborted === false) patience = Date.now() + 10_000;
      else if (!ending || Date.now() > patience) void reset();
      ending?.abort();
    },
    /** Stops the worker and discards its state; resolves when idle. */
    reset,
  };
  return work;
}
