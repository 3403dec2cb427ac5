import { execFile, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Of this repository. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const FLOWIFY = "packages/cli/bin/flowify.js";
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

/** Node with a file of the repository. */
const nodeWith = (file: string, args: readonly string[]): string[] => {
  const source = file.endsWith(".ts") ? ["--conditions=@flowify/source", "--import", "tsx"] : [];
  return [process.execPath, ...source, resolve(root, file), ...args];
};

/** The command line of `flowify`. */
export const flowifyWith = (args: readonly string[]): string[] => nodeWith(FLOWIFY, args);

/** Runs a command line to its end; passes on what it says on standard error, unless quiet. */
export function runToEnd([command = "", ...args]: readonly string[], quiet = true): Promise<Ended> {
  const began = performance.now();
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let [output, said, peakKiB] = ["", "", 0];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (!quiet) process.stderr.write(text);
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
  const said = `${ended.output}${ended.said}`.slice(-1000);
  throw new Error(`${command.join(" ")} ended with ${ended.status ?? "a signal"}: ${said}`);
}

/** The command to its end, whatever its status. */
export const flowifyToEnd = (args: readonly string[]): Promise<Ended> => runToEnd(flowifyWith(args));

/** The standard output of a file of the repository; throws if its exit status is not 0. */
export async function runNode(file: string, args: readonly string[]): Promise<string> {
  return (await succeeded([file, ...args], runToEnd(nodeWith(file, args), false))).output;
}

/** The same of the command. */
export const flowify = (args: readonly string[]): Promise<string> => runNode(FLOWIFY, args);

/** The first Python on this machine that has these packages; undefined if there is none. */
export const pythonWith = (...packages: readonly string[]): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) =>
      spawnSync(python, ["-I", "-c", `import ${packages.join(", ")}`], { timeout: 300_000 }).status === 0,
  );

/** What a script of Python prints, isolated from the folder that it runs in. */
export const printedByPython = async (python: string, args: readonly string[], cwd = root): Promise<string> =>
  (await promisify(execFile)(python, ["-I", ...args], { cwd, timeout: 300_000, maxBuffer: 2 ** 26 })).stdout;

/** What the command prints with --json. */
export const flowifyJson = async <T>(args: readonly string[]): Promise<T> =>
  JSON.parse(await flowify([...args, "--json"])) as T;
