import { EventEmitter } from "node:events";
import { runFlowify } from "../src/app.js";

export type CommandResult = { status: number; stdout: string; stderr: string };

/** Runs `flowify` in this process, with streams and signals of its own. */
export async function runCommand(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const signals = new EventEmitter();
  const status = await runFlowify(args, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env,
    on: signals.on.bind(signals),
    off: signals.off.bind(signals),
    exit: (code) => {
      throw new Error(`exit ${code}`);
    },
  });
  return { status, ...written };
}
