import type { Terminal } from "./terminal.js";

/** What asks a run to end: Ctrl-C, a system that shuts down, a terminal that is closed. */
const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type InterruptSignal = keyof typeof statuses;

/** The part of a process that delivers signals; tests pass an emitter of their own. */
export type SignalSource = {
  on(signal: InterruptSignal, listener: () => void): unknown;
  off(signal: InterruptSignal, listener: () => void): unknown;
};

export type Interrupt = Readonly<{
  /** The status to end with, once someone asked for it: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
  status(): number | undefined;
  stop(): void;
}>;

/**
 * Notes the first of these signals, so that the work can end in order; a second one ends it at once. A second SIGHUP
 * does not: a terminal that is closed sends several.
 */
export function watchInterrupts(
  source: SignalSource,
  onFirst: () => void,
  exit: (status: number) => void,
): Interrupt {
  let status: number | undefined;
  const listeners = (Object.keys(statuses) as InterruptSignal[]).map((signal) => {
    const listener = (): void => {
      if (status !== undefined) {
        if (signal !== "SIGHUP") exit(statuses[signal]);
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

/** For a command that trains: says that it ends in order. */
export const watchTraining = (
  host: SignalSource & { exit(status: number): void },
  { note }: Pick<Terminal, "note">,
): Interrupt =>
  watchInterrupts(
    host,
    () => {
      note(""); // the line of progress ends
      note("ending after this step; once more to end at once");
    },
    host.exit.bind(host),
  );
