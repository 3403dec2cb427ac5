import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FlatTable, flatRoot } from "./flat-buffer.js";

/** Kinds of messages, by their number in the format. */
const KINDS = { 1: "schema", 2: "dictionary", 3: "batch" } as const;

/** Bytes that describe a message at most, and of its body: a batch is read at once. */
const LARGEST = { head: 2 ** 24, body: 2 ** 30 } as const;

const FILE_MAGIC = "ARROW1";
const CONTINUES = 0xffff_ffff;

export type ArrowMessage = Readonly<{
  kind: (typeof KINDS)[keyof typeof KINDS];
  head: FlatTable;
  body: Uint8Array;
}>;

/**
 * The messages of an Arrow file or stream, one after the other. A file is a stream between a few bytes and an index; the index is
 * not read.
 *
 * @throws RangeError for a damaged file
 *
 * Source: apache/arrow, "Arrow Columnar Format", "Serialization and Interprocess Communication".
 */
export function* arrowMessages(path: string): Generator<ArrowMessage> {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const read = (at: number, length: number): Uint8Array => {
      if (at + length > size) throw new RangeError(`cut short: ${size} bytes, expected ${at + length}`);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = readSync(file, bytes, done, length - done, at + done);
        if (count === 0) throw new RangeError("the file has become shorter");
        done += count;
      }
      return bytes;
    };
    const isFile = size >= 8 && new TextDecoder().decode(read(0, 6)) === FILE_MAGIC;
    let at = isFile ? 8 : 0;
    while (at < size) {
      const word = (): number => {
        const value = new DataView(read(at, 4).buffer).getUint32(0, true);
        at += 4;
        return value;
      };
      const first = word();
      const length = first === CONTINUES ? word() : first;
      if (length === 0) return;
      if (length > LARGEST.head) throw new RangeError(`not Arrow, or a head of ${length} bytes`);
      const message = flatRoot(read(at, length));
      at += length;
      const bodyLength = message.int64(3) ?? 0;
      if (!(bodyLength >= 0 && bodyLength <= LARGEST.body))
        throw new RangeError(`a batch of ${bodyLength} bytes, expected at most ${LARGEST.body}`);
      const kind = KINDS[(message.uint8(1) ?? 0) as keyof typeof KINDS];
      const head = message.table(2);
      if (kind === undefined || head === undefined) throw new RangeError("a message of an unknown kind");
      yield { kind, head, body: read(at, bodyLength) };
      at += bodyLength;
    }
  } finally {
    closeSync(file);
  }
}
