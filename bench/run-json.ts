import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs a script of this repository; passes its messages to standard error and returns its JSON document. */
export function runJson<T>(script: string, args: readonly string[]): T {
  const child = spawnSync(process.execPath, [...process.execArgv, script, ...args, "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (child.status !== 0) throw new Error(`${script} ${args.join(" ")} ended with status ${child.status}`);
  return JSON.parse(child.stdout) as T;
}
