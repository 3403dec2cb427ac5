import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { mayPass } from "./atomic.js";

/** A file that grows. What the disk has no room for is kept in memory and written before what comes next. */
export type AppendedFile = Readonly<{
  append(bytes: Uint8Array): void;
  /** Writes what is waiting; throws what keeps it from the disk. */
  flush(): void;
  /** Puts everything appended on the disk, so that it survives a power cut. */
  sync(): void;
  close(): void;
}>;

/** Opens a file for appending. A piece is one write, so a kill tears the last one at most. */
export function appendTo(path: string): AppendedFile {
  const file = openSync(path, "a");
  let waiting: Uint8Array = new Uint8Array();
  const flush = (): void => {
    while (waiting.length > 0) waiting = waiting.subarray(writeSync(file, waiting));
  };
  return {
    append: (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      try {
        flush();
      } catch (error) {
        if (!mayPass(error)) throw error;
      }
    },
    flush,
    sync: () => {
      flush();
      fsyncSync(file);
    },
    close: () => {
      try {
        flush();
      } finally {
        closeSync(file);
      }
    },
  };
}
