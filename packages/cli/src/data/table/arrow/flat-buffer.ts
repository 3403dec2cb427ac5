/** A table of FlatBuffers: fields are found by their number, and every place is checked before it is read. */
export type FlatTable = Readonly<{
  /** Bytes of the field, or undefined where it is absent. */
  uint8(field: number): number | undefined;
  int16(field: number): number | undefined;
  int32(field: number): number | undefined;
  /** A 64-bit whole number; RangeError beyond 2⁵³. */
  int64(field: number): number | undefined;
  text(field: number): string | undefined;
  table(field: number): FlatTable | undefined;
  tables(field: number): FlatTable[];
  /** Elements of a vector of structs of so many bytes each. */
  structs(field: number, bytes: number): DataView[];
}>;

/** Tables in tables, at most. */
const DEEPEST = 64;

const TEXT = new TextDecoder();

/** A whole number of 64 bits. */
export function int64At(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true));
  if (!Number.isSafeInteger(value)) throw new RangeError(`a number of ${value}`);
  return value;
}

/** The root table of a buffer. A read beyond the end is a RangeError. */
export function flatRoot(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tableAt(view, view.getUint32(0, true), 0);
}

/** Source: google/flatbuffers, "FlatBuffers Internals". */
function tableAt(view: DataView, at: number, depth: number): FlatTable {
  if (depth > DEEPEST) throw new RangeError("tables in tables without an end");
  const fields = at - view.getInt32(at, true);
  const size = view.getUint16(fields, true);
  const place = (field: number): number | undefined => {
    const entry = 4 + 2 * field;
    const offset = entry + 2 <= size ? view.getUint16(fields + entry, true) : 0;
    return offset === 0 ? undefined : at + offset;
  };
  const read =
    <T>(get: (place: number) => T) =>
    (field: number): T | undefined => {
      const found = place(field);
      return found === undefined ? undefined : get(found);
    };
  const target = (from: number): number => from + view.getUint32(from, true);
  /** Where the elements of a vector begin, and how many there are. */
  const vector = (field: number, bytes: number): readonly [start: number, count: number] => {
    const found = place(field);
    if (found === undefined) return [0, 0];
    const start = target(found);
    const count = view.getUint32(start, true);
    if (count * bytes > view.byteLength - start - 4) throw new RangeError(`a list of ${count} elements`);
    return [start + 4, count];
  };
  return {
    uint8: read((from) => view.getUint8(from)),
    int16: read((from) => view.getInt16(from, true)),
    int32: read((from) => view.getInt32(from, true)),
    int64: read((from) => int64At(view, from)),
    table: read((from) => tableAt(view, target(from), depth + 1)),
    text: (field) => {
      const [start, length] = vector(field, 1);
      if (length > 0) return TEXT.decode(new Uint8Array(view.buffer, view.byteOffset + start, length));
      return place(field) === undefined ? undefined : "";
    },
    tables: (field) => {
      const [start, count] = vector(field, 4);
      return Array.from({ length: count }, (_, i) => tableAt(view, target(start + 4 * i), depth + 1));
    },
    structs: (field, bytes) => {
      const [start, count] = vector(field, bytes);
      return Array.from(
        { length: count },
        (_, i) => new DataView(view.buffer, view.byteOffset + start + bytes * i, bytes),
      );
    },
  };
}
