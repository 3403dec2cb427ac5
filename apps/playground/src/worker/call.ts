/**
 * A question of the page to a worker: its arguments, its result, and perhaps events that come before the result.
 */
export type Call<Args, Result, Event = never> = { args: Args; result: Result; event: Event };

/** Runs tasks in order of their calls, each after the one before it has finished or failed. */
export function serialQueue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}
