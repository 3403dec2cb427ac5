import os from "node:os";

const threadsOf = (threads: number | undefined): string =>
  threads === undefined ? "" : `, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** The machine of a measurement, and the threads that it used, if they were chosen. */
export const machine = (threads?: number): string =>
  `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} cores, Node ${process.version}${threadsOf(threads)}`;
