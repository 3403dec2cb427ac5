import { DataError } from "@flowify/core";
import { parse } from "csv-parse/sync";
import type { Compressors } from "hyparquet";
import { csvOptions, csvRows } from "./csv-rows.js";
import { jsonRows } from "./json-rows.js";
import { parquetRows } from "./parquet-rows.js";
import { SNIFFED, sniffCsv, textOf } from "./sniff.js";
import type { Table } from "./table.js";

type BytesOptions = Readonly<{
  /** Rows that are read at most of a CSV file. Default: all. */
  most?: number;
  /** What unpacks Parquet files besides Snappy. Default: nothing. */
  compressors?: Compressors;
}>;

/**
 * The table in the bytes of a file, as `openTable` reads it from a disk.
 *
 * @param name of the file; its ending decides on the format, and bytes of `.csv.gz` are unpacked already
 * @throws DataError for a file of another kind, an empty or damaged one
 */
export async function tableOfBytes(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  { most, compressors = {} }: BytesOptions = {},
): Promise<Table> {
  if (/\.(csv|tsv|tab)(\.gz)?$/i.test(name)) return csvOf(name, bytes, most);
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(name))
    return jsonRows(name, async function* () {
      yield bytes;
    });
  if (/\.parquet$/i.test(name)) {
    const { buffer, byteOffset, byteLength } = bytes;
    const slice = (start: number, end = byteLength): ArrayBuffer =>
      buffer.slice(byteOffset + start, byteOffset + end);
    return parquetRows(name, { file: { byteLength, slice }, compressors });
  }
  throw new DataError(`${name}: a file of an unknown kind, expected .csv, .tsv, .jsonl or .parquet`);
}

function csvOf(name: string, bytes: Uint8Array, most: number | undefined): Table {
  const dialect = sniffCsv(name, bytes.subarray(0, SNIFFED), bytes.length < SNIFFED);
  const text = textOf(bytes, dialect);
  const options = csvOptions({ ...dialect, encoding: "utf8" });
  const to = most === undefined ? {} : { to: most + Number(dialect.header) };
  return csvRows(name, dialect, () => parse(text, { ...options, ...to }));
}
