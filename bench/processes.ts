import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UsageError } from "@flowify/core";

/** A file of this folder. */
export const fileHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A line for people, on standard error. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** A result, a line of JSON on standard output. */
export const print = (result: object): void => void process.stdout.write(`${JSON.stringify(result)}\n`);

/** The names that hold one of these words, with commas between; at least one. */
export function chosenBy(only: string, all: readonly string[]): string[] {
  const chosen = all.filter((name) => only.split(",").some((word) => name.includes(word)));
  if (chosen.length === 0) throw new UsageError(`--only ${only}: expected a part of ${all.join(", ")}`);
  return chosen;
}

/** What a program prints, with a text as its input; throws where it fails. */
export function printedBy(command: string, args: readonly string[], input?: string): string {
  const { error, status, stdout } = spawnSync(command, args, {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${error?.message ?? status}`, { cause: error });
  return stdout;
}

/** The command of `npm run bench` with these arguments, and what it prints with `--json`. */
export const benchCommand = (args: readonly string[]): [command: string, ...args: string[]] => [
  process.execPath,
  ...process.execArgv,
  fileHere("run.ts"),
  ...args,
];
export function benchJson<T>(args: readonly string[], before: readonly string[] = []): T {
  const [command = "", ...others] = [...before, ...benchCommand([...args, "--json"])];
  return JSON.parse(printedBy(command, others)) as T;
}

/** What a script of this folder prints, as JSON, for a task that it reads as JSON; it needs Python with sklearn. */
export const byPython = <T>(script: string, task: object): T =>
  JSON.parse(printedBy("/usr/bin/python3", [fileHere(script)], JSON.stringify(task))) as T;

/** A table in Markdown; its first column holds words, the others figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
