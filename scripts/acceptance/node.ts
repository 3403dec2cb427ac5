import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Runs a file of the repository in a separate process, with options of Node; passes on its standard error. */
export function runToEnd(
  file: string,
  args: readonly string[],
  options: readonly string[] = [],
): Promise<{ status: number | null; output: string }> {
  return new Promise((done, fail) => {
    const source = file.endsWith(".ts") ? ["--conditions=@flowify/source", "--import", "tsx"] : [];
    const flags = [...options, ...source];
    const child = spawn(process.execPath, [...flags, resolve(root, file), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", fail);
    child.on("close", (status) => done({ status, output }));
  });
}

/** The standard output of a file of the repository; throws if its exit status is not 0. */
export async function runNode(
  file: string,
  args: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const { status, output } = await runToEnd(file, args, options);
  if (status === 0) return output;
  throw new Error(`${file} ${args[0] ?? ""} ended with ${status ?? "a signal"}`);
}
