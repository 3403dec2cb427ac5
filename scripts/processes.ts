import { type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Of this repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Milliseconds between two looks at the memory. */
const LOOK = 50;

/** What a process did: its seconds, and the peak of its resident size in MiB, as Linux counts it. */
export type Ended = Readonly<{
  status: number | null;
  output: string;
  said: string;
  seconds: number;
  peakMiB: number;
}>;

/** How a process starts, by default in the root; and what gets its texts as they come, of standard output and error. */
type How = Pick<SpawnOptions, "cwd" | "env" | "shell" | "timeout"> &
  Readonly<{ onOutput?: (text: string) => void; onError?: (text: string) => void }>;

/** Runs a command line to its end, whatever its status. */
export function runToEnd(
  [command = "", ...args]: readonly string[],
  { onOutput, onError, ...options }: How = {},
): Promise<Ended> {
  const began = performance.now();
  const how: SpawnOptions = { cwd: root, killSignal: "SIGKILL", ...options }; // at a time limit
  const child = spawn(command, args, { ...how, stdio: ["ignore", "pipe", "pipe"] });
  let [output, said, peakKiB] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onOutput?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    onError?.(text);
  });
  const watch = setInterval(() => {
    try {
      const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0));
    } catch {} // it has ended, or this is no Linux
  }, LOOK);
  return new Promise<Ended>((done, fail) => {
    child.on("error", fail);
    child.on("close", (status) => {
      const seconds = (performance.now() - began) / 1000;
      done({ status, output, said, seconds, peakMiB: peakKiB / 1024 });
    });
  }).finally(() => clearInterval(watch));
}

/** What a process did; throws if its exit status is not 0. */
export async function succeeded(command: readonly string[], running: Promise<Ended>): Promise<Ended> {
  const ended = await running;
  if (ended.status === 0) return ended;
  const said = `${ended.output}${ended.said}`;
  const how = ended.status ?? `a signal, after ${Math.round(ended.seconds)} s`;
  throw new Error(`${command.join(" ")} ended with ${how}: ${said}`);
}
