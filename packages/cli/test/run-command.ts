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

/** What a command prints, where it succeeds. */
export async function printed(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(args);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Rows of a written table, by the names of its columns. */
export function records(csv: string): Record<string, string>[] {
  const [head = "", ...lines] = csv.trim().split("\n");
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] as string]));
  });
}
