import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { type Ended, root, runToEnd, succeeded } from "../processes.js";

/** The command line of `flowify`. */
export const flowifyWith = (args: readonly string[]): string[] => [
  process.execPath,
  resolve(root, "packages/cli/bin/flowify.js"),
  ...args,
];

/** Most milliseconds of a process, and of one in Python. */
export const LIMIT = 2 * 3_600_000;
const PYTHON = { timeout: 300_000 };

/** The command to its end, whatever its status. */
export const flowifyToEnd = (args: readonly string[]): Promise<Ended> =>
  runToEnd(flowifyWith(args), { timeout: LIMIT });

/** The standard output of the command, whose standard error is passed on; throws if its exit status is not 0. */
export async function flowify(args: readonly string[]): Promise<string> {
  const onError = (text: string): void => void process.stderr.write(text);
  return (await succeeded(["flowify", ...args], runToEnd(flowifyWith(args), { onError, timeout: LIMIT })))
    .output;
}

/** What the command prints with --json. */
export const flowifyJson = async <T>(args: readonly string[]): Promise<T> =>
  JSON.parse(await flowify([...args, "--json"])) as T;

/** The first Python on this machine that has these packages; undefined if there is none. */
export const pythonWith = (...packages: readonly string[]): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) => spawnSync(python, ["-I", "-c", `import ${packages.join(", ")}`], PYTHON).status === 0,
  );

/** What a script of Python prints, isolated from the folder that it runs in. */
export async function printedByPython(python: string, args: readonly string[], cwd = root): Promise<string> {
  const command = [python, "-I", ...args];
  return (await succeeded(command, runToEnd(command, { cwd, ...PYTHON }))).output;
}
