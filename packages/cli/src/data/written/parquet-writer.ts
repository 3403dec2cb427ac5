import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import * as v from "valibot";
import type { Write } from "../../files/atomic.js";
import type { Cell } from "../table/cell.js";
import { type RowWriter, typedCell, type WrittenColumn, type WrittenRow } from "./written-rows.js";

/** As the writer has it: the reader is another package, with another version of these types. */
type RowGroup = ParquetWriter["row_groups"][number];

/** A group of rows is written as soon as it has this many: a group of 122,880 rows, as DuckDB writes them, becomes one. */
const GROUP = 131_072;

const types = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  number: { type: "DOUBLE" },
  flag: { type: "INT32" },
  boolean: { type: "BOOLEAN" },
  date: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
} as const;

const repetition = ({ nullable = false }: WrittenColumn) =>
  ({ repetition_type: nullable ? "OPTIONAL" : "REQUIRED" }) as const;

const progressSchema = v.strictObject({ offset: v.number(), groups: v.string() });

/**
 * Writes rows as Parquet. It goes on between two groups of rows: `begun` holds the metadata of those before.
 *
 * @param group rows of a group at least, but for the last one
 */
export function parquetWriter(
  columns: readonly WrittenColumn[],
  write: Write,
  begun?: unknown,
  group = GROUP,
): RowWriter {
  const bytes = new ByteWriter();
  const schema = [
    { name: "root", num_children: columns.length },
    ...columns.map((column) => ({ name: column.name, ...types[column.type], ...repetition(column) })),
  ];
  const values = columns.map(writtenValue);
  const parquet = new ParquetWriter({ writer: bytes, schema });
  if (begun !== undefined) {
    const { offset, groups } = v.parse(progressSchema, begun);
    parquet.row_groups = unpacked(groups);
    parquet.num_rows = parquet.row_groups.reduce((sum, { num_rows }) => sum + num_rows, 0n);
    bytes.index = 0; // the first bytes of the file are there
    bytes.offset = offset;
  }
  let waiting: WrittenRow[] = [];
  /** Writes the bytes that were encoded so far; positions in the file go on. */
  const flush = async (): Promise<void> => {
    if (bytes.index > 0) await write(new Uint8Array(bytes.buffer.slice(0, bytes.index)));
    bytes.index = 0;
  };
  const writeGroup = async (): Promise<void> => {
    // an index of pages would be written behind the last group, and would have to be kept until then
    const columnData = columns.map(({ name }, at) => ({
      name,
      data: waiting.map((row) => values[at]!(row[at]!)),
      offsetIndex: false,
    }));
    const rowGroupSize = waiting.length;
    waiting = [];
    await parquet.write({ columnData, rowGroupSize });
    await flush();
  };
  return {
    async add(rows) {
      for (const row of rows) waiting.push(row);
      if (waiting.length >= group) await writeGroup();
    },
    async flush() {
      if (waiting.length > 0) await writeGroup();
      else await flush();
    },
    async end() {
      if (waiting.length > 0) await writeGroup();
      await parquet.finish();
      await flush();
    },
    progress: () =>
      waiting.length > 0 ? undefined : { offset: bytes.offset, groups: packed(parquet.row_groups) },
  };
}

/** Turns cells into what the library writes. */
function writtenValue(column: WrittenColumn): (cell: Cell) => Cell | bigint {
  if (column.type === "date") return (cell) => (cell === null ? null : BigInt(Date.parse(String(cell))));
  return typedCell(column);
}

/** The progress of a writer whose file holds what several writers wrote, one after another: all but the first began at `PARQUET_BEGUN`. */
export function joinedParquet(parts: readonly Readonly<{ bytes: number; progress: unknown }>[]) {
  let before = 0;
  const groups = parts.flatMap(({ bytes, progress }) => {
    const shift = BigInt(before);
    before += bytes;
    return unpacked(v.parse(progressSchema, progress).groups).map((each) => shifted(each, shift));
  });
  return { offset: before, groups: packed(groups) };
}

/** The progress of a writer whose bytes come behind those of another one. */
export const PARQUET_BEGUN = { offset: 0, groups: "[]" } as const;

/** A group whose pages stand so many bytes further behind. */
const shifted = (group: RowGroup, bytes: bigint): RowGroup => ({
  ...group,
  columns: group.columns.map((column) => {
    const { meta_data: meta } = column;
    const dictionary = meta?.dictionary_page_offset;
    return {
      ...column,
      file_offset: column.file_offset + bytes,
      ...(meta && {
        meta_data: {
          ...meta,
          data_page_offset: meta.data_page_offset + bytes,
          ...(dictionary !== undefined && { dictionary_page_offset: dictionary + bytes }),
        },
      }),
    };
  }),
});

/** JSON has neither bigints nor -0 and numbers that are not finite, which the statistics of a column may hold. */
const packed = (groups: readonly RowGroup[]): string =>
  JSON.stringify(groups, (_, value: unknown) => {
    if (typeof value === "bigint") return { bigint: String(value) };
    if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  });

const unpacked = (text: string): RowGroup[] =>
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("bigint" in value) return BigInt(value.bigint as string);
    return "number" in value ? Number(value.number) : value;
  }) as RowGroup[];
