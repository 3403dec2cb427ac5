/** The part of a process that delivers signals; tests pass an emitter of their own. */
export type SignalSource = {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
};

export type Interrupt = Readonly<{
  /** The status to end with, once someone asked for it: 130 after Ctrl-C, 143 after SIGTERM. */
  status(): number | undefined;
  stop(): void;
}>;

const statuses = { SIGINT: 130, SIGTERM: 143 } as const;

/** Notes the first Ctrl-C or SIGTERM, so that the work can end in order; the second ends it at once. */
export function watchInterrupts(
  source: SignalSource,
  onFirst: () => void,
  exit: (status: number) => void,
): Interrupt {
  let status: number | undefined;
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = (): void => {
      if (status !== undefined) {
        exit(statuses[signal]);
        return;
      }
      status = statuses[signal];
      onFirst();
    };
    source.on(signal, listener);
    return { signal, listener };
  });
  return {
    status: () => status,
    stop: () => {
      for (const { signal, listener } of listeners) source.off(signal, listener);
    },
  };
}
