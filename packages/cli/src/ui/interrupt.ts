import type { ChildProcess } from "node:child_process";
import type { CommandContext } from "@stricli/core";
import type { Env, OutputStream, Terminal } from "./terminal.js";

/** Signals that stop a run: Ctrl-C, a shutdown of the system, a closed terminal. */
const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

type InterruptSignal = keyof typeof statuses;

/** The part of a process that delivers signals; tests pass their own emitter. */
export type SignalSource = {
  on(signal: InterruptSignal, listener: () => void): unknown;
  off(signal: InterruptSignal, listener: () => void): unknown;
};

export type Interrupt = Readonly<{
  /** The exit status after a signal: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
  status(): number | undefined;
  stop(): void;
}>;

/**
 * Notes the first of these signals, so that the work can stop properly; a second one stops it at once. A second SIGHUP
 * does not, because a closed terminal sends several.
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

/** For a command that trains: prints that it stops after the step. */
export const watchTraining = (
  host: SignalSource & { exit(status: number): void },
  { note }: Pick<Terminal, "note">,
): Interrupt =>
  watchInterrupts(
    host,
    () => {
      note(""); // the line of progress ends
      note("stopping after this step; press again to stop now");
    },
    host.exit.bind(host),
  );

/** The part of a Node process that the command uses; tests pass their own. */
export type CliProcess = SignalSource & {
  stdout: OutputStream;
  stderr: OutputStream;
  env: Env;
  exit(status: number): void;
  /** Starts the same command once more, beside this process: it takes tasks. */
  fork?: () => ChildProcess;
};

export type CliContext = CommandContext &
  Readonly<{
    /** `exitCode`, if a command sets it, is the exit status. */
    process: CommandContext["process"] & { exitCode?: number };
    host: CliProcess;
  }>;
