/**
 * Runs work one call at a time. Any number of calls during a run cause one more run afterwards, so the last run uses
 * the latest choices.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let going: Promise<void> | undefined;
  let asked = false;
  const go = async (): Promise<void> => {
    try {
      while (asked) {
        asked = false;
        await work();
      }
    } finally {
      going = undefined;
    }
  };
  return () => {
    asked = true;
    going ??= go();
    return going;
  };
}

/** Runs tasks in order of their calls, each after the one before it has finished or failed. */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}

/** Milliseconds between two messages. */
const TOLD = 100;

/** Does not more than some calls a second, and leaves out those between. */
export function seldom<T>(tell: (now: T) => void): (now: T) => void {
  let last = 0;
  return (now) => {
    if (performance.now() - last < TOLD) return;
    last = performance.now();
    tell(now);
  };
}
