import { halfFloat } from "../../npy.js";
import type { Cell } from "../cell.js";
import { unpackZstd } from "../zstd.js";
import type { ArrowField, ArrowType } from "./fields.js";
import { type FlatTable, int64At } from "./flat-buffer.js";
import { unpackLz4 } from "./lz4.js";

/** Cells of a batch, and bytes of a buffer once it is unpacked, at most. */
const LARGEST = { cells: 2 ** 27, buffer: 2 ** 28 } as const;

/** Codecs by their number in the format. */
const codecs: readonly ((packed: Uint8Array, size: number) => Uint8Array)[] = [unpackLz4, unpackZstd];

/** The buffers and lengths of a batch, in the order of its columns. */
type Cursor = Readonly<{
  rows: number;
  /** The next column, its length and whether values are missing. */
  node(): Readonly<{ length: number; missing: number }>;
  buffer(): DataView;
  /** Buffers that the next column of views has beyond two. */
  views(): number;
}>;

/** Values of a column by row. */
type Column = (row: number) => Cell;

/** Values of the dictionaries that came so far, by number. */
export type Dictionaries = Map<number, readonly Cell[]>;

function cursorOf(batch: FlatTable, body: Uint8Array): Cursor {
  const [nodes, regions, views] = [batch.structs(1, 16), batch.structs(2, 16), batch.structs(4, 8)];
  const codec = batch.table(3);
  const unpack = codec && codecs[codec.uint8(0) ?? 0];
  if (codec && unpack === undefined)
    throw new RangeError("compressed by another codec than LZ4 and Zstandard");
  const next = <T>(list: readonly T[], what: string): (() => T) => {
    let at = 0;
    return () => {
      const found = list[at++];
      if (found === undefined) throw new RangeError(`too few ${what}`);
      return found;
    };
  };
  const [node, region, view] = [next(nodes, "columns"), next(regions, "buffers"), next(views, "views")];
  return {
    rows: batch.int64(0) ?? 0,
    node: () => {
      const found = node();
      return { length: int64At(found, 0), missing: int64At(found, 8) };
    },
    views: () => int64At(view(), 0),
    buffer: () => {
      const found = region();
      const [start, length] = [int64At(found, 0), int64At(found, 8)];
      if (!(start >= 0 && length >= 0 && start + length <= body.length))
        throw new RangeError("a buffer lies outside of its batch");
      const bytes = body.subarray(start, start + length);
      return viewOf(unpack === undefined || length === 0 ? bytes : unpacked(bytes, unpack));
    },
  };
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A packed buffer begins with its size; −1 says that it is not packed. */
function unpacked(bytes: Uint8Array, unpack: (packed: Uint8Array, size: number) => Uint8Array): Uint8Array {
  const size = int64At(viewOf(bytes), 0);
  if (size === -1) return bytes.subarray(8);
  if (!(size >= 0 && size <= LARGEST.buffer)) throw new RangeError(`a buffer of ${size} bytes`);
  return unpack(bytes.subarray(8), size);
}

/**
 * The columns of a record batch; undefined for those that are passed over.
 *
 * @throws RangeError for a damaged batch; a column throws it where a value lies outside
 */
export function batchColumns(
  batch: FlatTable,
  body: Uint8Array,
  fields: readonly ArrowField[],
  dictionaries: Dictionaries,
): Readonly<{ rows: number; columns: readonly (Column | undefined)[] }> {
  const cursor = cursorOf(batch, body);
  const { rows } = cursor;
  if (!(rows >= 0 && rows * fields.length <= LARGEST.cells))
    throw new RangeError(`${rows} rows of ${fields.length} columns in a batch`);
  const columns = fields.map(({ name, type, dictionary }) => {
    if (dictionary === undefined) return columnOf(type, cursor, rows);
    const places = columnOf(dictionary.index, cursor, rows)!;
    const values = dictionaries.get(dictionary.id);
    if (values === undefined) throw new RangeError(`column ${JSON.stringify(name)} lacks its dictionary`);
    return (row: number): Cell => {
      const place = places(row);
      if (place === null) return null;
      const value = values[Number(place)];
      if (value === undefined) throw new RangeError(`column ${JSON.stringify(name)}: no value ${place}`);
      return value;
    };
  });
  return { rows, columns };
}

/** Adds a dictionary, or more values of one. */
export function addDictionary(
  message: FlatTable,
  body: Uint8Array,
  fields: readonly ArrowField[],
  dictionaries: Dictionaries,
): void {
  const id = message.int64(0) ?? 0;
  const batch = message.table(1);
  const field = fields.find(({ dictionary }) => dictionary?.id === id);
  if (batch === undefined || field === undefined) return; // of a column that is passed over
  const { rows, columns } = batchColumns(batch, body, [{ name: field.name, type: field.type }], dictionaries);
  const [column] = columns;
  const values = Array.from({ length: rows }, (_, row) => column?.(row) ?? null);
  const isDelta = (message.uint8(2) ?? 0) === 1;
  dictionaries.set(id, isDelta ? [...(dictionaries.get(id) ?? []), ...values] : values);
}

/** The next column of a batch. */
function columnOf(type: ArrowType, cursor: Cursor, rows: number): Column | undefined {
  const { length, missing } = cursor.node();
  if (type.kind === "null") return () => null;
  if (type.kind === "other") {
    for (let i = 0; i < type.buffers; i++) cursor.buffer();
    for (const child of type.children) columnOf(child, cursor, rows);
    return undefined;
  }
  const present = cursor.buffer();
  const isPresent = (row: number): boolean =>
    missing === 0 || ((present.getUint8(row >>> 3) >>> (row & 7)) & 1) === 1;
  const value = valuesOf(type, cursor);
  return (row) => {
    if (row >= length) throw new RangeError(`a column of ${length} values in a batch of ${rows} rows`);
    return isPresent(row) ? value(row) : null;
  };
}

type Valued = Exclude<ArrowType, { kind: "null" | "other" }>;

function valuesOf(type: Valued, cursor: Cursor): Column {
  switch (type.kind) {
    case "text":
      return texts(cursor.buffer(), cursor.buffer(), type.wide);
    case "textView":
      return textViews(cursor);
    case "bool": {
      const bits = cursor.buffer();
      return (row) => ((bits.getUint8(row >>> 3) >>> (row & 7)) & 1) === 1;
    }
    case "int":
      return whole(cursor.buffer(), type.bits, type.signed);
    case "float":
      return floats(cursor.buffer(), type.bits);
    case "decimal":
      return decimals(cursor.buffer(), type.bits, type.scale);
    case "duration": {
      const parts = whole(cursor.buffer(), type.bits, true);
      return (row) => Number(parts(row)) / type.perSecond;
    }
    case "instant": {
      const parts = whole(cursor.buffer(), type.bits, true);
      return (row) => {
        const date = new Date(Math.round((1000 * Number(parts(row))) / type.perSecond));
        return Number.isNaN(date.getTime()) ? null : date.toISOString();
      };
    }
  }
}

function whole(view: DataView, bits: number, signed: boolean): Column {
  const readers: Readonly<Record<number, Column>> = signed
    ? {
        8: (row) => view.getInt8(row),
        16: (row) => view.getInt16(2 * row, true),
        32: (row) => view.getInt32(4 * row, true),
        64: (row) => Number(view.getBigInt64(8 * row, true)),
      }
    : {
        8: (row) => view.getUint8(row),
        16: (row) => view.getUint16(2 * row, true),
        32: (row) => view.getUint32(4 * row, true),
        64: (row) => Number(view.getBigUint64(8 * row, true)),
      };
  const read = readers[bits];
  if (read === undefined) throw new RangeError(`whole numbers of ${bits} bits`);
  return read;
}

function floats(view: DataView, bits: number): Column {
  if (bits === 64) return (row) => view.getFloat64(8 * row, true);
  if (bits === 32) return (row) => view.getFloat32(4 * row, true);
  return (row) => halfFloat(view.getUint16(2 * row, true));
}

function decimals(view: DataView, bits: number, scale: number): Column {
  const words = bits / 64;
  if (!Number.isInteger(words) || words < 1) throw new RangeError(`decimals of ${bits} bits`);
  return (row) => {
    const at = 8 * words * row;
    let value = view.getBigInt64(at + 8 * (words - 1), true);
    for (let word = words - 2; word >= 0; word--)
      value = (value << 64n) + view.getBigUint64(at + 8 * word, true);
    return Number(value) / 10 ** scale;
  };
}

const TEXT = new TextDecoder();

const textAt = (view: DataView, from: number, to: number): string => {
  if (!(from >= 0 && to >= from && to <= view.byteLength)) throw new RangeError("a text lies outside");
  return TEXT.decode(new Uint8Array(view.buffer, view.byteOffset + from, to - from));
};

function texts(ends: DataView, bytes: DataView, wide: boolean): Column {
  const end = whole(ends, wide ? 64 : 32, true);
  return (row) => textAt(bytes, Number(end(row)), Number(end(row + 1)));
}

/** Texts of up to 12 bytes stand in their place; of others the buffer, the offset and the length stand there. */
function textViews(cursor: Cursor): Column {
  const views = cursor.buffer();
  const count = cursor.views();
  const buffers: DataView[] = [];
  for (let i = 0; i < count; i++) buffers.push(cursor.buffer());
  return (row) => {
    const at = 16 * row;
    const length = views.getInt32(at, true);
    if (length <= 12) return textAt(views, at + 4, at + 4 + length);
    const buffer = buffers[views.getInt32(at + 8, true)];
    if (buffer === undefined) throw new RangeError("a text lies outside");
    const start = views.getInt32(at + 12, true);
    return textAt(buffer, start, start + length);
  };
}
