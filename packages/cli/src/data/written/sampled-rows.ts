import { Buffer } from "node:buffer";
import { UsageError } from "@flowify/core";
import type { Write } from "../../files/atomic.js";
import { rowsIn } from "../../rows.js";
import type { RunConfig } from "../../run-config.js";
import { decodeFlowRows } from "../../tables/decode-rows.js";
import type { ColumnSchema, TableChoice, TableSchema } from "../table/schema.js";
import { type RowWriterOptions, rowWriter } from "./row-writer.js";
import {
  formatOf,
  type RowFormat,
  type RowWriter,
  rowFormats,
  type WrittenColumn,
  type WrittenRow,
} from "./written-rows.js";

/** The columns of written samples, and the numbers of a flow [n, width] as rows of them. */
type Layout = Readonly<{
  columns: readonly WrittenColumn[];
  cellsOf(rows: Float32Array): readonly WrittenRow[];
}>;

/** @throws UsageError for a file name with an ending that no format of rows has */
export function sampleFormat(file: string): RowFormat {
  const format = formatOf(file, rowFormats);
  if (format !== undefined) return format;
  throw new UsageError(
    `--out ${file}: expected a name that ends in .csv, .json, .jsonl or .parquet for rows, or .npy for the numbers of the network\nchoose such a name`,
  );
}

/** Writes samples of a run of rows: those of a table in its own types, and between its own separators. */
export function sampleWriter(
  format: RowFormat,
  data: Pick<RunConfig["data"], "shape" | "columns" | "reading">,
  count: number,
  write: Write,
  options: RowWriterOptions,
): RowWriter<Float32Array> {
  if (format === "npy") return npyWriter({ width: data.shape[0], count }, write, options.begun);
  const { columns, cellsOf } = layoutOf(data);
  const { separator } = data.reading?.schema ?? {};
  const writer = rowWriter(format, columns, write, { ...options, separator });
  return { ...writer, add: (rows) => writer.add(cellsOf(rows)) };
}

/** Bytes that a row takes at least. */
export function leastBytes(format: RowFormat, data: Pick<RunConfig["data"], "shape" | "reading">): number {
  if (format === "npy") return 4 * data.shape[0];
  return format === "parquet" ? 0 : layoutOf(data).columns.length;
}

const layoutOf = ({
  shape: [width],
  columns,
  reading,
}: Pick<RunConfig["data"], "shape" | "columns" | "reading">): Layout =>
  reading?.schema ? tableLayout({ ...reading, schema: reading.schema }) : numberLayout(width, columns);

/** The columns of the flow, and constant ones with their value unless the user left them out, in the order of the file. */
function tableLayout({
  schema,
  drop = [],
  columns: chosen,
}: TableChoice & Readonly<{ schema: TableSchema }>): Layout {
  const { columns: own } = decodeFlowRows(schema, new Float32Array());
  const isWanted = (name: string): boolean => !drop.includes(name) && (chosen?.includes(name) ?? true);
  const constant = schema.columns.filter(
    ({ name, type, use }) => type === "constant" && use === "none" && isWanted(name),
  );
  const placeOf = ({ name }: ColumnSchema): number => schema.columns.findIndex((each) => each.name === name);
  const columns = [...own, ...constant].toSorted((a, b) => placeOf(a) - placeOf(b));
  const sources = columns.map((column) => own.indexOf(column));
  return {
    columns: writtenColumns(columns),
    cellsOf: (rows) =>
      decodeFlowRows(schema, rows).cells.map((cells) =>
        sources.map((source, i) => (source < 0 ? (columns[i]!.values?.[0] ?? null) : cells[source]!)),
      ),
  };
}

/** The columns of a table in the types that formats have for them. */
export const writtenColumns = (columns: readonly ColumnSchema[]): WrittenColumn[] =>
  columns.map((column) => ({
    name: column.name,
    type: typeOf(column),
    nullable: column.missing > 0 || (column.values ?? []).includes(null),
    ...(column.style !== undefined && { format: column }),
  }));

/** Booleans are those that are written as true and false, and not as yes and no. */
function typeOf({ type, range, values = [] }: ColumnSchema): WrittenColumn["type"] {
  if (type === "date") return "date";
  if (range) return "number";
  const hasTruth = values.every((value) => value === null || /^(true|false)$/i.test(value));
  return type === "boolean" && hasTruth ? "boolean" : "text";
}

const numberLayout = (width: number, names: readonly string[] | undefined): Layout => ({
  columns: Array.from({ length: width }, (_, i) => ({
    name: names?.[i] ?? `column ${i + 1}`,
    type: "number",
  })),
  cellsOf: (rows) => rowsIn(rows, width).map((row) => Array.from(row, shortest)),
});

/** The number with the shortest text that parses back to the same 32-bit float. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/**
 * Writes rows of `width` numbers as a NumPy file of 32-bit floats, version 1.
 *
 * @param count rows of the whole file
 * @param begun the progress of another writer, whose rows and header are in the file already
 */
function npyWriter(
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
