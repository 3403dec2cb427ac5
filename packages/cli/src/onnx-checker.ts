import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";

/** Result of the checker of Python's onnx package; `passed` is null without a result. */
export type CheckerVerdict = Readonly<{ passed: boolean | null; text: string }>;

/** Exit status of the script if the package is missing. */
const NO_PACKAGE = 3;

const script = `import sys
try: import onnx
except ModuleNotFoundError: sys.exit(${NO_PACKAGE})
for f in sys.argv[1:]: onnx.checker.check_model(f, full_check=True)
print(onnx.__version__)`;

/** Time limit: a file of some hundred megabytes takes seconds. */
const LIMIT_SECONDS = 120;

/**
 * Checks files with Python's onnx package, if installed.
 *
 * Python runs isolated (`-I`) and in the folder of Node: `import onnx` must not execute an `onnx.py`, nor Windows
 * start a `python3.exe`, that lies in the folder of the user's data.
 */
export function checkOnnxFiles(
  files: readonly string[],
  {
    env = process.env,
    limitSeconds = LIMIT_SECONDS,
  }: { env?: NodeJS.ProcessEnv; limitSeconds?: number } = {},
): CheckerVerdict {
  const paths = files.map((file) => resolve(file));
  const { status, signal, error, stdout, stderr } = spawnSync("python3", ["-I", "-c", script, ...paths], {
    cwd: dirname(process.execPath),
    env,
    encoding: "utf8",
    timeout: limitSeconds * 1000,
    killSignal: "SIGKILL",
  });
  const { code } = (error ?? {}) as { code?: string };
  if (code === "ETIMEDOUT")
    return { passed: null, text: `stopped after ${limitSeconds} s without a verdict` };
  if (code === "ENOENT") return { passed: null, text: "python3 is not installed" };
  if (error) return { passed: null, text: `python3 cannot be run: ${error.message}` };
  if (status === 0) return { passed: true, text: `onnx ${stdout.trim()}` };
  if (status === NO_PACKAGE) return { passed: null, text: "python3 -I cannot import onnx" };
  if (status === null) return { passed: null, text: `ended by ${signal}` };
  return { passed: false, text: stderr.trim().split("\n").at(-1) ?? "" };
}
