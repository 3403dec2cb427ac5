import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { mayPass } from "./atomic.js";

/** An append-only file. Text that does not fit on the disk stays in memory and is written before later text. */
export type AppendedFile = Readonly<{
  append(bytes: Uint8Array): void;
  /** Writes the buffered text; throws the error of a failed write. */
  flush(): void;
  /** Syncs everything to the disk, so that it survives a power cut. */
  sync(): void;
  close(): void;
}>;

/** Opens a file for appending. Each piece is one write, so a kill can tear at most the last one. */
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
