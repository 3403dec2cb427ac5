import { type ChildProcessByStdio, spawn } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { builtOnce } from "../../../test/vitest/built-once.js";

/** Our packages, which are part of the build, and all others, which are not. */
const ours = /^(@flowify\/|jax-to-onnx)/;
const theirs = /^(?!@flowify\/|jax-to-onnx|[a-z]:|[./\\])/;

const own = fileURLToPath(new URL("..", import.meta.url));

/** The command as it is installed, without its libraries' own builds: a start from the sources takes two seconds more. */
const folder = await builtOnce("command", async (place) => {
  mkdirSync(join(place, "bin"));
  for (const file of ["package.json", "bin/flowify.js"]) copyFileSync(join(own, file), join(place, file));
  await build({
    config: false,
    cwd: own,
    entry: {
      main: "src/main.ts",
      // started by their paths: beside the others
      "watch-thread": "src/ranks/watch-thread.js",
      "simulator-thread": "src/posterior/simulator-thread.js",
      "duckdb-process": "src/data/table/duckdb-process.js",
      worker: "../onnx/src/workers/worker.js",
    },
    outDir: join(place, "dist"),
    platform: "node",
    target: "node20",
    fixedExtension: false,
    dts: false,
    logLevel: "error",
    deps: { alwaysBundle: [ours], neverBundle: [theirs] },
    inputOptions: { resolve: { conditionNames: ["@flowify/source", "import", "node", "default"] } },
  });
});

/** The script of `flowify` as a process. */
export const bin = join(folder, "bin/flowify.js");

/** Starts `flowify` as a process; its standard output may be a file that is open. */
export const spawnCommand = (args: readonly string[], stdout: number | "pipe" = "pipe") =>
  spawn(process.execPath, [bin, ...args], {
    stdio: ["ignore", stdout, "pipe"],
  }) as ChildProcessByStdio<null, Readable, Readable>;

/** Runs `flowify` as a process, with this standard input; returns its exit status and all that it wrote. */
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
