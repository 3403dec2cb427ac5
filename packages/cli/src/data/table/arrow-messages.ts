/** The bytes of a file, read where they are asked for. */
export type ByteSource = Readonly<{ size: number; read(at: number, length: number): Uint8Array }>;

/** Kinds of messages, by their number in the format. */
const KINDS = { 1: "schema", 2: "dictionary", 3: "batch" } as const;

/** Bytes that describe a message at most, and of its body: a batch is read at once. */
const LARGEST = { head: 2 ** 24, body: 2 ** 30 } as const;

const MAGIC = "ARROW1";
const CONTINUES = 0xffff_ffff;

export type ArrowMessage = Readonly<{ kind: (typeof KINDS)[keyof typeof KINDS]; bytes: Uint8Array }>;

/**
 * The messages of an Arrow file or stream, one after the other, so that a file of any size is read in flat memory. A file is a stream between
 * a few bytes and an index; the index is not read.
 *
 * @throws RangeError for a damaged file
 *
 * Source: apache/arrow, "Arrow Columnar Format", "Serialization and Interprocess Communication".
 */
export function* arrowMessages({ size, read }: ByteSource): Generator<ArrowMessage> {
  const checked = (at: number, length: number): Uint8Array => {
    if (at + length > size) throw new RangeError(`cut short: ${size} bytes, expected ${at + length}`);
    return read(at, length);
  };
  const isFile = size >= 8 && new TextDecoder().decode(checked(0, 6)) === MAGIC;
  let at = isFile ? 8 : 0;
  while (at < size) {
    const word = (place: number): number => viewOf(checked(place, 4)).getUint32(0, true);
    const prefix = word(at) === CONTINUES ? 8 : 4;
    const head = word(at + prefix - 4);
    if (head === 0) return;
    if (head > LARGEST.head) throw new RangeError(`not Arrow, or a head of ${head} bytes`);
    const { kind, body } = described(checked(at + prefix, head));
    yield { kind, bytes: checked(at, prefix + head + body) };
    at += prefix + head + body;
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** The kind of a message and the bytes of its body: fields 1 and 3 of a table of FlatBuffers. */
function described(head: Uint8Array): { kind: ArrowMessage["kind"]; body: number } {
  const view = viewOf(head);
  const table = view.getUint32(0, true);
  const fields = table - view.getInt32(table, true);
  const place = (field: number): number | undefined => {
    const entry = 4 + 2 * field;
    const offset = entry < view.getUint16(fields, true) ? view.getUint16(fields + entry, true) : 0;
    return offset === 0 ? undefined : table + offset;
  };
  const [kindAt, bodyAt] = [place(1), place(3)];
  const kind = KINDS[(kindAt === undefined ? 0 : view.getUint8(kindAt)) as keyof typeof KINDS];
  if (kind === undefined) throw new RangeError("a message of an unknown kind");
  const body = bodyAt === undefined ? 0 : Number(view.getBigInt64(bodyAt, true));
  if (!(body >= 0 && body <= LARGEST.body))
    throw new RangeError(`a batch of ${body} bytes, expected at most ${LARGEST.body}`);
  return { kind, body };
}
