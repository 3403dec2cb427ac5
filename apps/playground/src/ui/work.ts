import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Progress } from "../run/train-run.js";
import { type Connection, connect } from "../worker/client.js";
import { wordsOf } from "./problem.js";

type Does = (worker: Connection, signal: AbortSignal) => Promise<void>;

/** What a part does in a worker of its own, one thing at a time. */
export type Work = Readonly<{
  /** How far it is; undefined where nothing goes on. */
  progress: Signal<Progress | undefined>;
  /** Whether what goes on can end early and keep what it has. */
  soft: ReadonlySignal<boolean>;
  /** Why the last thing failed, in words. */
  problem: Signal<string | undefined>;
  /** Does something, unless something else goes on. What is `soft` can end early by its signal and keeps what it has. */
  start(stage: string, does: Does, soft?: "soft"): Promise<void>;
  tell(now: Progress): void;
  /** Ends what goes on: softly where it can, else as `reset`. */
  cancel(): void;
  /** Stops the worker with all that it holds; resolves once nothing goes on. */
  reset(): Promise<void>;
}>;

/** `forget` is called where the worker and what it held are gone. */
export function makeWork(firstProblem: string | undefined, forget: () => void): Work {
  const progress = signal<Progress | undefined>(undefined);
  const soft = signal(false);
  const problem = signal(firstProblem);
  let connection: Connection | undefined;
  let ending: AbortController | undefined;
  let last = Promise.resolve();

  async function go(does: Does, signal: AbortSignal): Promise<void> {
    try {
      connection ??= connect();
      await does(connection, signal);
    } catch (error) {
      // what was cancelled leaves no words
      if (!(error instanceof DOMException && error.name === "AbortError")) problem.value = wordsOf(error);
    } finally {
      progress.value = undefined;
      ending = undefined;
    }
  }
  const reset = (): Promise<void> => {
    connection?.close();
    connection = undefined;
    forget();
    return last;
  };
  return {
    progress,
    soft,
    problem,
    start(stage, does, how) {
      if (progress.value) return Promise.resolve();
      progress.value = { stage, done: 0, of: 1 };
      problem.value = undefined;
      const abort = new AbortController();
      soft.value = how === "soft";
      ending = how && abort;
      last = go(does, abort.signal);
      return last;
    },
    tell(now) {
      progress.value = now;
    },
    cancel() {
      if (ending) ending.abort();
      else void reset();
    },
    reset,
  };
}
