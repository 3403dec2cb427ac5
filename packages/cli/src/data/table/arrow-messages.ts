/** The bytes of a file, read where they are asked for. */
export type ByteSource = Readonly<{ size: number; read(at: number, length: number): Uint8Array }>;

/** Kinds of messages, by their number in the format. */
const KINDS = { 1: "schema", 2: "dictionary", 3: "batch" } as const;

/** Bytes that describe a message at most, and of its body, and its rows: a batch is read at once. */
const LARGEST = { head: 2 ** 24, body: 2 ** 30, rows: 2 ** 24 } as const;

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

/** Where a field of a table of FlatBuffers stands; undefined where the table has none. */
function fieldAt(view: DataView, table: number, field: number): number | undefined {
  const fields = table - view.getInt32(table, true);
  const entry = 4 + 2 * field;
  const offset = entry < view.getUint16(fields, true) ? view.getUint16(fields + entry, true) : 0;
  return offset === 0 ? undefined : table + offset;
}

/** Where a field refers to. */
function referredAt(view: DataView, table: number, field: number): number | undefined {
  const at = fieldAt(view, table, field);
  return at === undefined ? undefined : at + view.getInt32(at, true);
}

/** Where the entries of a list in a field stand. The library believes the length that a list claims. */
function entriesAt(view: DataView, table: number, field: number, bytes: number): number[] {
  const at = referredAt(view, table, field);
  if (at === undefined) return [];
  const count = view.getInt32(at, true);
  if (!(at + 4 + count * bytes <= view.byteLength)) throw new RangeError(`a list of ${count} entries`);
  return Array.from({ length: count }, (_, i) => at + 4 + i * bytes);
}

/** Bytes of the entries of a batch's lists, by their fields: sizes of columns, buffers, counts of buffers. */
const OF_BATCH = [
  [1, 16],
  [2, 16],
  [4, 8],
] as const;
const UNION = 14;

/** Checks the lists, and the rows, in the description of a message. */
function expectLists(view: DataView, kind: ArrowMessage["kind"], table: number): void {
  const fields = (field: number, owner: number): void => {
    for (const at of entriesAt(view, owner, field, 4)) expectField(at + view.getInt32(at, true));
  };
  const expectField = (own: number): void => {
    fields(5, own);
    entriesAt(view, own, 6, 4);
    const [sort, type] = [fieldAt(view, own, 2), referredAt(view, own, 3)];
    if (sort !== undefined && type !== undefined && view.getUint8(sort) === UNION)
      entriesAt(view, type, 1, 4);
  };
  if (kind === "schema") {
    fields(1, table);
    entriesAt(view, table, 2, 4);
    return;
  }
  const batch = kind === "dictionary" ? referredAt(view, table, 1) : table;
  if (batch === undefined) return;
  const [columns = []] = OF_BATCH.map(([field, bytes]) => entriesAt(view, batch, field, bytes));
  const rowsAt = fieldAt(view, batch, 0);
  // a dictionary is decoded whole, by the length of its column
  for (const at of kind === "dictionary" ? columns : rowsAt === undefined ? [] : [rowsAt]) {
    const rows = Number(view.getBigInt64(at, true));
    if (!(rows >= 0 && rows <= LARGEST.rows)) throw new RangeError(`a batch of ${rows} rows`);
  }
}

/** The kind of a message and the bytes of its body: fields 1 and 3 of its description, whose field 2 is checked. */
function described(head: Uint8Array): { kind: ArrowMessage["kind"]; body: number } {
  const view = viewOf(head);
  const table = view.getUint32(0, true);
  const [kindAt, bodyAt] = [fieldAt(view, table, 1), fieldAt(view, table, 3)];
  const kind = KINDS[(kindAt === undefined ? 0 : view.getUint8(kindAt)) as keyof typeof KINDS];
  if (kind === undefined) throw new RangeError("a message of an unknown kind");
  const content = referredAt(view, table, 2);
  if (content !== undefined) expectLists(view, kind, content);
  const body = bodyAt === undefined ? 0 : Number(view.getBigInt64(bodyAt, true));
  if (!(body >= 0 && body <= LARGEST.body))
    throw new RangeError(`a batch of ${body} bytes, expected at most ${LARGEST.body}`);
  return { kind, body };
}
