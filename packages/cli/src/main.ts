import { fork } from "node:child_process";
import { runFlowify } from "./app.js";
import { valueAt } from "./places.js";
import { formatError } from "./ui/errors.js";
import { NoReaderError, outputTo } from "./ui/output.js";
import { colorsFor } from "./ui/terminal.js";

/** A training run stops properly when its output has no reader, for example after its terminal was closed. */
const hangUp = (): void => void process.emit("SIGHUP", "SIGHUP");

const stdout = outputTo({ stream: process.stdout, name: "standard output", onNoReader: hangUp });
const stderr = outputTo({
  stream: process.stderr,
  name: "standard error",
  onNoReader: hangUp,
  dispensable: true,
  silent: () => stdout.failure() instanceof NoReaderError, // no output is left for the message
});
const { env } = process;
/** The argument of a process that another one has started for its tasks. */
const BESIDE = "beside";
if (process.send && process.argv[2] === BESIDE) await (await import("./training/beside.js")).serveBeside();
const status = await runFlowify(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  on: process.on.bind(process),
  off: process.off.bind(process),
  exit: process.exit.bind(process),
  fork: () => fork(valueAt(process.argv, 1), [BESIDE], { serialization: "advanced", stdio: "ignore" }),
});
await Promise.all([stdout.flush(), stderr.flush()]);
const failure = stdout.failure();
const untold = status === 0 && failure !== undefined && !(failure instanceof NoReaderError);
if (untold) stderr.write(`${formatError(failure, colorsFor(stderr, env))}\n`);
process.exitCode = untold ? 1 : status;
