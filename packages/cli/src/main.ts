import { flagsOf, runFlowify } from "./app.js";
import { formatError } from "./ui/errors.js";
import { NoReaderError, outputTo } from "./ui/output.js";
import { colorsFor } from "./ui/terminal.js";

/** A run that is being trained ends in order where nobody reads what it says, as where its terminal was closed. */
const hangUp = (): void => void process.emit("SIGHUP", "SIGHUP");

const stdout = outputTo({ stream: process.stdout, name: "standard output", onNoReader: hangUp });
const stderr = outputTo({
  stream: process.stderr,
  name: "standard error",
  onNoReader: hangUp,
  dispensable: true,
  silent: () => stdout.failure() instanceof NoReaderError, // nobody is left to tell anything
});
const { env } = process;
const args = process.argv.slice(2);
const status = await runFlowify(args, {
  stdout,
  stderr,
  env,
  on: process.on.bind(process),
  off: process.off.bind(process),
  exit: process.exit.bind(process),
});
await Promise.all([stdout.flush(), stderr.flush()]);
const failure = stdout.failure();
const untold = status === 0 && failure !== undefined && !(failure instanceof NoReaderError);
if (untold) stderr.write(`${formatError(failure, colorsFor(stderr, env), { has: flagsOf(args) })}\n`);
process.exitCode = untold ? 1 : status;
