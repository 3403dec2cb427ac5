import { Buffer } from "node:buffer";
import { UsageError } from "@flowify/core";
import type { ColumnSource } from "hyparquet-writer";
import { csvCell } from "../csv-cell.js";
import { type Cell, cellReader, cellText } from "./cell.js";
import type { DecodedRows } from "./decode-rows.js";
import type { ColumnSchema } from "./schema.js";

const writers: Readonly<Record<string, (rows: DecodedRows) => Promise<Uint8Array>>> = {
  csv: csvBytes,
  jsonl: jsonLinesBytes,
  parquet: parquetBytes,
};

const endingOf = (file: string): string => /\.([^.]*)$/.exec(file)?.[1]?.toLowerCase() ?? "";

/** True for a name of a file that holds rows in the table's own types. */
export const isWrittenTable = (file: string): boolean => Object.hasOwn(writers, endingOf(file));

/** @throws UsageError for a file name with another ending than .csv, .jsonl, .parquet and .npy */
export function expectTableFile(file: string): void {
  if (!isWrittenTable(file) && endingOf(file) !== "npy")
    throw new UsageError(
      `--out ${file}: expected a name that ends in .csv, .jsonl or .parquet for rows of a table, or .npy for the numbers of the network\nchoose such a name`,
    );
}

/** The bytes of a table, in the format of the file's ending. */
export const tableBytes = (file: string, rows: DecodedRows): Promise<Uint8Array> =>
  writers[endingOf(file)]!(rows);

async function csvBytes({ columns, cells }: DecodedRows): Promise<Uint8Array> {
  const lines = [columns.map(({ name }) => name), ...cells].map((row) =>
    row.map((cell) => csvCell(cellText(cell))).join(","),
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

async function jsonLinesBytes({ columns, cells }: DecodedRows): Promise<Uint8Array> {
  const typed = columns.map(typedCell);
  const lines = cells.map((row) =>
    JSON.stringify(Object.fromEntries(row.map((cell, i) => [columns[i]!.name, typed[i]!(cell)]))),
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

async function parquetBytes({ columns, cells }: DecodedRows): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map((column, i): ColumnSource => {
    const typed = typedCell(column);
    const data = cells.map((row) => typed(row[i]!));
    if (column.type === "date")
      return {
        name: column.name,
        data: data.map((day) => (day === null ? null : new Date(String(day)))),
        type: "TIMESTAMP",
      };
    if (column.range) return { name: column.name, data, type: "DOUBLE" };
    return { name: column.name, data, type: hasTruth(column) ? "BOOLEAN" : "STRING" };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** Booleans that are written as true and false, and not as yes and no. */
const hasTruth = ({ type, values = [] }: ColumnSchema): boolean =>
  type === "boolean" && values.every((value) => value === null || /^(true|false)$/i.test(value));

/** A cell with the type that JSON has for it. */
function typedCell(column: ColumnSchema): (cell: Cell) => Cell {
  if (!hasTruth(column)) return (cell) => cell;
  const reader = cellReader();
  return (cell) => (reader.read(cell) === "missing" ? null : reader.value === 1);
}
