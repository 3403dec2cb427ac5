import { DataError } from "@flowify/core";
import { decompress as unpackZstd } from "fzstd";
import {
  type Compressors,
  type FileMetaData,
  parquetMetadata,
  parquetRead,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { unknownKind } from "../../files/unknown-kind.js";
import { arrowTable } from "./arrow.js";
import { blockOf } from "./block.js";
import { type Cell, exactCell } from "./cell.js";
import { csvTable } from "./csv.js";
import { jsonTable } from "./json.js";
import { type Table, uniqueNames } from "./table.js";

type BytesOptions = Readonly<{
  /** What unpacks Parquet files besides Snappy and Zstandard. Default: nothing. */
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
  { compressors = {} }: BytesOptions = {},
): Promise<Table> {
  async function* pieces() {
    yield bytes;
  }
  if (/\.(csv|tsv|tab)(\.gz)?$/i.test(name)) return csvTable(name, pieces);
  if (/\.json(\.gz)?$/i.test(name)) return jsonTable(name, pieces);
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(name)) return jsonTable(name, pieces, false);
  if (/\.parquet$/i.test(name))
    return parquetOf(name, bytes, {
      ZSTD: (packed, size) => unpackZstd(packed, new Uint8Array(size)),
      ...compressors,
    });
  if (/\.(arrows?|feather|ipc)$/i.test(name))
    return arrowTable(name, {
      size: bytes.length,
      read: (at, length) => bytes.slice(at, at + length),
    });
  throw unknownKind(name, ".csv, .tsv, .json, .jsonl, .parquet or .arrow");
}

/** A Parquet file, read by hyparquet a group of rows at a time. */
function parquetOf(
  name: string,
  { buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>,
  compressors: Compressors,
): Table {
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  const file = { byteLength, slice: (start: number, end?: number) => bytes.slice(start, end) };
  const damaged = (cause: unknown): DataError =>
    new DataError(
      `${name}: not a readable Parquet file (${(cause as Error).message})\nwrite it again, with snappy, gzip, zstd or no compression`,
      { cause },
    );
  let metadata: FileMetaData;
  try {
    metadata = parquetMetadata(bytes);
  } catch (cause) {
    throw damaged(cause);
  }
  const elements = parquetSchema(metadata).children.map(({ element }) => element);
  const readers = elements.map(cellReaderOf);
  return {
    ...uniqueNames(elements.map((element) => element.name)),
    async *blocks() {
      let rowStart = 0;
      for (const { num_rows } of metadata.row_groups) {
        const rowEnd = rowStart + Number(num_rows);
        let found: unknown[][] = [];
        await parquetRead({
          file,
          metadata,
          compressors,
          rowStart,
          rowEnd,
          onComplete: (rows) => {
            found = rows;
          },
        }).catch((cause: unknown) => {
          throw damaged(cause);
        });
        if (found.length !== Number(num_rows) || found.some((row) => row.includes(undefined)))
          throw damaged(new RangeError(`${found.length} whole rows, expected ${num_rows}`));
        yield blockOf(
          found.map((row) => row.map((value, i) => readers[i]!(value))),
          rowStart,
        );
        rowStart = rowEnd;
      }
    },
  };
}

/** Times of the day become seconds, as durations are. */
function cellReaderOf({ converted_type, logical_type }: SchemaElement): (value: unknown) => Cell {
  if (logical_type?.type !== "TIME" && !converted_type?.startsWith("TIME_")) return cellOf;
  const unit = logical_type?.type === "TIME" ? logical_type.unit : converted_type?.slice("TIME_".length);
  const perSecond = unit === "MILLIS" ? 1e3 : unit === "MICROS" ? 1e6 : 1e9;
  return (value) => (value === null ? null : Number(value) / perSecond);
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return exactCell(value, 0);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner));
}
