import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { compareExport } from "@flowify/onnx";

type Runner = Parameters<typeof compareExport>[0];
const script = fileURLToPath(new URL("run_onnx.py", import.meta.url));
const execute = promisify(execFile);

/** The first Python on this machine that has these packages; undefined if there is none. */
export const pythonWith = (...packages: readonly string[]): string | undefined =>
  ["python3", "/usr/bin/python3"].find(
    (python) =>
      spawnSync(python, ["-I", "-c", `import ${packages.join(", ")}`], { timeout: 60_000 }).status === 0,
  );

/** Runs a file in Python's onnxruntime; the first run validates it with onnx. Arrays are exchanged through `folder`. */
export function pythonRunner(python: string, file: string, folder: string): Runner {
  mkdirSync(folder, { recursive: true });
  let checked = false;
  return {
    async run(inputs) {
      const given = Object.entries(inputs).map(([name, { data, shape }], i) => {
        writeFileSync(join(folder, `input-${i}.bin`), data);
        return { name, shape, file: `input-${i}.bin` };
      });
      writeFileSync(join(folder, "inputs.json"), JSON.stringify(given));
      const args = ["-I", script, file, folder, ...(checked ? [] : ["--check"])];
      await execute(python, args, { maxBuffer: 2 ** 26, timeout: 600_000 });
      checked = true;
      const found = JSON.parse(readFileSync(join(folder, "outputs.json"), "utf8")) as {
        name: string;
        file: string;
      }[];
      return Object.fromEntries(
        found.map((output) => [
          output.name,
          new Float32Array(Uint8Array.from(readFileSync(join(folder, output.file))).buffer),
        ]),
      );
    },
    dispose: async () => {},
  };
}
