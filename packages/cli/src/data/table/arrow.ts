import { DataError } from "@flowify/core";
import {
  type Column,
  CompressionType,
  type DataType,
  setCompressionCodec,
  Type,
  tableFromIPC,
} from "@uwdata/flechette";
import { decompress as unpackZstd } from "fzstd";
import { decompressBound, decompress as unpackLz4 } from "lz4js";
import { arrowMessages, type ByteSource } from "./arrow-messages.js";
import { type Block, type CellColumn, columnsOf } from "./block.js";
import { type Cell, daysOfMilliseconds, exactCell } from "./cell.js";
import { dateColumn } from "./columns.js";
import { COLUMN_BLOCK, type Table, uniqueNames } from "./table.js";

/** Bytes of an unpacked buffer, at most. */
const LARGEST = 2 ** 30;

setCompressionCodec(CompressionType.ZSTD, { encode: missing, decode: (packed) => unpackZstd(packed) });
setCompressionCodec(CompressionType.LZ4_FRAME, {
  encode: missing,
  decode: (packed) => {
    const size = decompressBound(packed);
    if (!(size <= LARGEST)) throw new RangeError(`a buffer of ${size} bytes`);
    return Uint8Array.from(unpackLz4(packed));
  },
});

function missing(): never {
  throw new RangeError("Arrow is only read");
}

/** Parts of a second. */
const UNITS = [1, 1e3, 1e6, 1e9] as const;

/** An Apache Arrow file or stream (Feather version 2), read a batch at a time. */
export async function arrowTable(called: string, source: ByteSource): Promise<Table> {
  const fields = checked(called, () => {
    for (const { kind, bytes } of arrowMessages(source))
      if (kind === "schema") return tableFromIPC([bytes]).schema.fields;
    throw new RangeError("no schema");
  });
  const { names, notes } = uniqueNames(fields.map(({ name }) => name ?? ""));
  return {
    names,
    notes: [
      ...notes,
      ...fields.flatMap(({ type }, i) => {
        const other = otherType(type);
        return other === undefined
          ? []
          : [`column ${JSON.stringify(names[i])} holds ${other}, read as missing`];
      }),
    ],
    blocks: () => blocks(called, source),
  };
}

async function* blocks(called: string, source: ByteSource): AsyncGenerator<Block> {
  const before: Uint8Array[] = []; // the schema and the dictionaries so far
  const messages = arrowMessages(source);
  let count = 0;
  while (true) {
    const { value: message, done } = checked(called, () => messages.next());
    if (done || message === undefined) return;
    if (message.kind !== "batch") {
      before.push(message.bytes);
      continue;
    }
    const columns = checked(called, () => columnsIn(tableFromIPC([...before, message.bytes], OPTIONS)));
    const rows = columns[0]?.length ?? 0;
    for (let at = 0; at < rows; at += COLUMN_BLOCK) {
      const end = Math.min(at + COLUMN_BLOCK, rows);
      const cells = checked(called, () => columns.map((column) => cellColumn(column, at, end)));
      yield columnsOf(cells, end - at, count + at);
    }
    count += rows;
  }
}

const OPTIONS = { useBigInt: true, useDecimalInt: true } as const;

/** The buffers of a batch of a column. */
type Buffers = Readonly<{
  length: number;
  offsets?: ArrayLike<number | bigint>;
  values?: ArrayLike<number | bigint>;
}>;

/** Flechette believes what a batch says of its length, and where its texts stand. */
function columnsIn(table: ReturnType<typeof tableFromIPC>): Column<unknown>[] {
  return Array.from({ length: table.numCols }, (_, i) => {
    const column = table.getChildAt<unknown>(i);
    if (column.length !== table.numRows)
      throw new RangeError(`a column of ${column.length} values, expected ${table.numRows}`);
    if (otherType(column.type) === undefined)
      for (const batch of column.data) checkBuffers(batch, column.type);
    return column;
  });
}

function checkBuffers({ length, offsets, values }: Buffers, type: DataType): void {
  if (!values) return;
  const held = offsets ? offsets.length - 1 : values.length / elementsOf(type);
  if (held < length) throw new RangeError(`a column is cut short: ${held} values, expected ${length}`);
  for (let row = 0; offsets && row < length; row++)
    if (!(offsets[row]! <= offsets[row + 1]! && offsets[row + 1]! <= values.length))
      throw new RangeError("a text lies outside");
}

/** Elements of its buffer that a value takes. */
function elementsOf(type: DataType): number {
  if (type.typeId === Type.Bool) return 1 / 8;
  if (type.typeId === Type.Utf8View) return 16;
  return type.typeId === Type.Decimal && type.bitWidth > 64 ? type.bitWidth / 64 : 1;
}

function cellColumn(column: Column<unknown>, begin: number, end: number): CellColumn {
  const { type } = column;
  const values = Array.from({ length: end - begin }, (_, i) => {
    const value = column.at(begin + i);
    if (value === undefined) throw new RangeError("a column is cut short");
    return value;
  });
  if (isInstant(type)) return dateColumn(Float64Array.from(values, (each) => daysOf(each)));
  const cellOf = cellsOf(type);
  const cells = values.map((value) => (value === null ? null : cellOf(value)));
  return { at: (row) => cells[row] ?? null };
}

const isInstant = ({ typeId }: DataType): boolean => typeId === Type.Date || typeId === Type.Timestamp;

function daysOf(milliseconds: unknown): number {
  if (milliseconds === null) return Number.NaN;
  const whole = Math.trunc(milliseconds as number);
  if (Number.isNaN(new Date(whole).getTime())) throw new RangeError(`a date ${whole} ms from 1970`);
  return daysOfMilliseconds(whole);
}

/** How the values of a type become cells. */
function cellsOf(type: DataType): (value: unknown) => Cell {
  switch (type.typeId) {
    case Type.Dictionary:
      return cellsOf(type.dictionary);
    case Type.Int:
      return (value) => exactCell(value as number | bigint, 0);
    case Type.Decimal:
      return (value) => exactCell(value as number | bigint, type.scale);
    case Type.Time:
    case Type.Duration:
      return (value) => Number(value) / UNITS[type.unit];
    case Type.Date:
    case Type.Timestamp:
      return (value) => new Date(Math.trunc(value as number)).toISOString();
    default:
      return otherType(type) === undefined ? (value) => value as Cell : () => null;
  }
}

const TAKEN: ReadonlySet<number> = new Set([
  Type.Null,
  Type.Int,
  Type.Float,
  Type.Utf8,
  Type.LargeUtf8,
  Type.Utf8View,
  Type.Bool,
  Type.Decimal,
  Type.Date,
  Type.Timestamp,
  Type.Time,
  Type.Duration,
]);

/** What a column holds that a table does not take. */
function otherType(type: DataType): string | undefined {
  if (type.typeId === Type.Dictionary) return otherType(type.dictionary);
  if (TAKEN.has(type.typeId)) return undefined;
  const name = Object.entries(Type).find(([, id]) => id === type.typeId)?.[0] ?? "values of an unknown type";
  if (/List/.test(name)) return "lists";
  if (/Binary/.test(name)) return "bytes";
  return `${name.toLowerCase()}s`;
}

function checked<T>(called: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new DataError(
      `${called}: not a readable Arrow file (${(cause as Error).message})\nwrite it again, with LZ4, Zstandard or no compression: in Python pyarrow.feather.write_feather(table, "rows.arrow")`,
      { cause },
    );
  }
}
