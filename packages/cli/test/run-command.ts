import { type ChildProcessByStdio, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
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

const bin = fileURLToPath(new URL("../bin/flowify.js", import.meta.url));

/** Starts `flowify` as a process, from its sources; its standard output may be a file that is open. */
export const spawnCommand = (args: readonly string[], stdout: number | "pipe" = "pipe") =>
  spawn(process.execPath, [bin, ...args], {
    stdio: ["ignore", stdout, "pipe"],
  }) as ChildProcessByStdio<null, Readable, Readable>;

/** Runs `flowify` as a process, from its sources, with this standard input; returns its exit status and all that it wrote. */
export async function pipeCommand(
  args: readonly string[],
  input: string | Uint8Array,
): Promise<{ status: number; text: string }> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: "pipe" });
  let text = "";
  for (const output of [child.stdout, child.stderr])
    output.on("data", (piece) => {
      text += piece;
    });
  child.stdin.end(input);
  const status = await new Promise<number>((done) => child.on("close", (code) => done(code ?? 1)));
  return { status, text };
}
