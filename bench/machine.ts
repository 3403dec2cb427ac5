import os from "node:os";

/** What a figure was measured on, for those who compare it. */
export const machine = (): string =>
  `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}`;
