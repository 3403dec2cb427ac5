import { Buffer } from "node:buffer";
import type { Write } from "../../files/atomic.js";
import type { RowWriter } from "./written-rows.js";

/**
 * Writes rows of `width` numbers as a NumPy file of 32-bit floats, version 1.
 *
 * @param count rows of the whole file
 * @param begun the progress of another writer, whose rows and header are in the file already
 */
export function npyWriter(
  { width, count }: { width: number; count: number },
  write: Write,
  begun?: unknown,
): RowWriter<Float32Array> {
  let head = begun === undefined ? header(count, width) : undefined;
  const flush = async (): Promise<void> => {
    if (head) await write(head);
    head = undefined;
  };
  return {
    async add(rows) {
      await flush();
      const bytes = Buffer.alloc(4 * rows.length);
      rows.forEach((value, i) => void bytes.writeFloatLE(value, 4 * i));
      await write(bytes);
    },
    flush,
    end: flush,
    progress: () => ({}),
  };
}

function header(count: number, width: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count}, ${width}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = Buffer.alloc(10 + length);
  bytes.write("\x93NUMPY\x01\x00", "latin1");
  bytes.writeUInt16LE(length, 8);
  bytes.write(`${text.padEnd(length - 1)}\n`, 10, "latin1");
  return bytes;
}
