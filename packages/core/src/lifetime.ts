import { UsageError } from "./errors.js";

/**
 * The time until `dispose` of a model or a trainer, which waits for calls under way; later ones are refused.
 *
 * @param what names it in messages
 */
export function lifetime(what: string) {
  const calls = new Set<Promise<unknown>>();
  let end: Promise<void> | undefined;
  /** Errors: `UsageError` after `dispose`. */
  const expectAlive = (): void => {
    if (end)
      throw new UsageError(
        `the ${what} was disposed of: it cannot be used any more\nawait its results before you call dispose`,
      );
  };
  return {
    get disposed(): boolean {
      return end !== undefined;
    },
    expectAlive,
    settled: (): Promise<unknown> => Promise.allSettled(calls),
    /** A function whose calls `dispose` waits for. */
    during:
      <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        expectAlive();
        const call = work(...args);
        calls.add(call);
        return call.finally(() => calls.delete(call));
      },
    /** Calls after the first do nothing. */
    disposer: (release: () => Promise<void>) => (): Promise<void> => {
      end ??= Promise.allSettled(calls).then(release);
      return end;
    },
  };
}
