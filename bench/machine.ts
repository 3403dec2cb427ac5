import os from "node:os";

/** The machine of a measurement. */
export const machine = (): string =>
  `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}`;
