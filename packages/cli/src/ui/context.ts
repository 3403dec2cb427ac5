import type { CommandContext } from "@stricli/core";
import type { SignalSource } from "./interrupt.js";
import type { Env, OutputStream } from "./terminal.js";

/** The part of a Node process that the command uses; tests pass their own. */
export type CliProcess = SignalSource & {
  stdout: OutputStream;
  stderr: OutputStream;
  env: Env;
  exit(status: number): void;
};

export type CliContext = CommandContext &
  Readonly<{
    /** `exitCode`, if a command sets it, is the exit status. */
    process: CommandContext["process"] & { exitCode?: number };
    host: CliProcess;
  }>;
