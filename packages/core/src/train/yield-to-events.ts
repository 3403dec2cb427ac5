type Host = { setImmediate?: (callback: () => void) => unknown };

/** Lets signals, timers and messages in: the steps of an executor in this thread leave them no gap. */
export const yieldToEvents = (): Promise<void> =>
  new Promise((resolve) => {
    const { setImmediate } = globalThis as Host; // Node's, which does not wait for a clock
    if (setImmediate) setImmediate(() => resolve());
    else setTimeout(() => resolve());
  });
