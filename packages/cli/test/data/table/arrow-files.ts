import {
  bool,
  columnFromArray,
  date,
  decimal,
  dictionary,
  duration,
  float16,
  float32,
  float64,
  int8,
  int64,
  list,
  setCompressionCodec,
  tableFromColumns,
  tableToIPC,
  timestamp,
  uint16,
  utf8,
} from "@uwdata/flechette";

const COUNT = 25;
const each = <T>(cell: (i: number) => T): T[] => Array.from({ length: COUNT }, (_, i) => cell(i));
const day = (i: number) => new Date(Date.UTC(2024, 1, 1 + i));

const columns = {
  small: [each((i) => i - 9), int8()],
  word: [each((i) => 65_535 - i), uint16()],
  large: [each((i) => (i % 4 ? 1e12 + i : null)), int64()],
  half: [each((i) => i / 4 - 3), float16()],
  single: [each((i) => i / 8), float32()],
  double: [each((i) => (i % 3 ? Math.sin(i) : null)), float64()],
  price: [each((i) => i + 0.25), decimal(10, 2)],
  shop: [each((i) => ["web", "north", null, "a longer name of a shop"][i % 4]), dictionary(utf8())],
  note: [each((i) => (i % 5 ? `über ${i}` : null)), utf8()],
  paid: [each((i) => i % 2 === 0), bool()],
  day: [each(day), date(0)],
  at: [each((i) => day(i).getTime() + 3_600_000), timestamp(1)],
  took: [each((i) => 1500 * i), duration(1)],
  tags: [each((i) => [i, i + 1]), list(int8())],
} as const;

/** The cells of `arrowBytes`. */
export const arrowCells = {
  names: Object.keys(columns),
  rows: each((i) =>
    Object.entries(columns).map(([name, [values]]) => {
      const value = values[i];
      if (name === "tags") return null;
      if (name === "took") return 1.5 * i;
      if (name === "at") return new Date(value as number).toISOString();
      return value instanceof Date ? value.toISOString() : value;
    }),
  ),
};

/** An LZ4 frame of one block that is not packed. */
const frameOf = (bytes: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(7 + 4 + bytes.length + 4);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0x184d2204, true);
  frame.set([0x60, 0x70, 0], 4);
  view.setUint32(7, 0x8000_0000 + bytes.length, true);
  frame.set(bytes, 11);
  return frame;
};

/** A Zstandard frame of one block that is not packed. */
const zstdFrameOf = (bytes: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(13 + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0xfd2fb528, true);
  view.setUint8(4, 0xa0); // one segment, its size in four bytes
  view.setUint32(5, bytes.length, true);
  view.setUint32(9, 1 + 8 * bytes.length, true); // the last block, in three bytes
  frame.set(bytes, 12);
  return frame.subarray(0, 12 + bytes.length);
};

/** An Arrow file or stream with a column of every type, in batches of 10 rows, written by Flechette. */
export function arrowBytes(format: "file" | "stream", packed?: "LZ4" | "ZSTD"): Uint8Array {
  setCompressionCodec(0, { encode: frameOf, decode: (bytes) => bytes });
  setCompressionCodec(1, { encode: zstdFrameOf, decode: (bytes) => bytes });
  const table = tableFromColumns(
    Object.entries(columns).map(([name, [values, type]]) => [
      name,
      columnFromArray([...values], type, { maxBatchRows: 10 }),
    ]),
  );
  return tableToIPC(table, { format, ...(packed && { codec: packed === "LZ4" ? 0 : 1 }) })!;
}
