import { Buffer } from "node:buffer";
import { UsageError } from "@flowify/core";
import { csvCell } from "./csv-cell.js";
import type { RowSet } from "./image-set.js";

/** Rows to be written, row-major. */
export type WrittenRows = Pick<RowSet, "rows" | "shape" | "columns">;

const writers: Readonly<Record<string, (rows: WrittenRows) => Uint8Array>> = { csv: csvBytes, npy: npyBytes };

const endingOf = (file: string): string => /\.([^.]*)$/.exec(file)?.[1]?.toLowerCase() ?? "";

/** @throws UsageError for a file name with another ending */
export function expectRowFile(file: string): void {
  if (!Object.hasOwn(writers, endingOf(file)))
    throw new UsageError(
      `--out ${file}: expected a name that ends in .csv or .npy for rows\nchoose such a name`,
    );
}

/** The bytes of a file of rows, in the format of its ending. */
export function rowFileBytes(file: string, rows: WrittenRows): Uint8Array {
  expectRowFile(file);
  return writers[endingOf(file)]!(rows);
}

/** One line per row, below a line with the names of the columns. */
function csvBytes({ rows, shape: [columns], columns: names }: WrittenRows): Uint8Array {
  const head = Array.from({ length: columns }, (_, column) =>
    csvCell(names?.[column] ?? `column ${column + 1}`),
  );
  const lines = [head.join(",")];
  for (let at = 0; at < rows.length; at += columns)
    lines.push(Array.from(rows.subarray(at, at + columns), shortest).join(","));
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** The shortest text that parses back to the same 32-bit float. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** A NumPy file of 32-bit floats, version 1. */
function npyBytes({ rows, shape: [columns] }: WrittenRows): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length / columns}, ${columns}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const bytes = Buffer.alloc(10 + length + 4 * rows.length);
  bytes.write("\x93NUMPY\x01\x00", "latin1");
  bytes.writeUInt16LE(length, 8);
  bytes.write(`${header.padEnd(length - 1)}\n`, 10, "latin1");
  rows.forEach((value, i) => void bytes.writeFloatLE(value, 10 + length + 4 * i));
  return bytes;
}
