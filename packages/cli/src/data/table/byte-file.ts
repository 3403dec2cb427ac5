import { closeSync, openSync, readSync, statSync } from "node:fs";
import { expectRegularFile } from "../../files/regular-file.js";
import type { ByteSource } from "./arrow-messages.js";

/** The bytes of a file, read where they are asked for. */
export function byteFile(path: string): ByteSource {
  expectRegularFile(path);
  return {
    size: statSync(path).size,
    read(start, length) {
      const bytes = new Uint8Array(length);
      const file = openSync(path, "r");
      try {
        for (let at = 0; at < length; ) {
          const read = readSync(file, bytes, at, length - at, start + at);
          if (read === 0) throw new RangeError("the file has become shorter");
          at += read;
        }
      } finally {
        closeSync(file);
      }
      return bytes;
    },
  };
}
