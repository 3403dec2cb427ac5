import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readTable } from "flowify/tables";
import { parquetBytes } from "../../packages/cli/test/data/parquet-files.js";
import { arrowBytes } from "../../packages/cli/test/data/table/arrow-files.js";
import { duckdbParquet } from "../support/duckdb-files.js";
import type { Kind } from "./kinds.js";
import { mixedCsv, mixedRows } from "./mixed-table.js";
import { mutated, type Random } from "./mutated.js";
import { mutatedText } from "./mutated-text.js";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const rows = mixedRows(60, 1);
const csv = mixedCsv(rows);

/** Cells that readers trip over, or that say that a column is of another type. */
const CELLS = [
  '"',
  '""',
  '"a',
  ",",
  ";",
  "\t",
  "\0",
  "NaN",
  "-inf",
  "1e39",
  "1e999",
  "=1+1",
  "0x1f",
  "2024-02-30",
  "é",
  "\ufeff",
];

/** A text in which one to four cells are others, or which is damaged as bytes. */
function damagedCsv(draw: Random): Uint8Array {
  if (draw(3) === 0) return mutated([bytesOf(csv), bytesOf(csv.replaceAll(",", ";"))], draw);
  const lines = csv.split("\n").map((line) => line.split(","));
  for (let left = 1 + draw(4); left > 0; left--) {
    const line = lines[draw(lines.length)]!;
    line[draw(line.length)] = CELLS[draw(CELLS.length)]!;
  }
  return bytesOf(lines.map((line) => line.join(",")).join("\n"));
}

const jsonLines = rows.map((row) => JSON.stringify(row)).join("\n");

const column = (name: keyof (typeof rows)[number]) => ({ name, data: rows.map((row) => row[name]) });
/** Every way of writing values that hyparquet reads. */
const encoded = [
  { ...column("kind"), encoding: "DELTA_BYTE_ARRAY" },
  { ...column("paid"), encoding: "RLE" },
  { ...column("size"), encoding: "BYTE_STREAM_SPLIT" },
  { ...column("items"), encoding: "DELTA_BINARY_PACKED" },
  { name: "shop", data: rows.map(({ kind }) => kind), encoding: "DELTA_LENGTH_BYTE_ARRAY" },
] as const;
const parquets = (["SNAPPY", "UNCOMPRESSED"] as const).flatMap((codec) => [
  parquetBytes((["kind", "paid", "size", "items", "score"] as const).map(column), codec),
  parquetBytes([...encoded], codec),
]);
/** Pages of the first version, lists and structs. */
for (const options of ["COMPRESSION uncompressed", "COMPRESSION gzip, PARQUET_VERSION V2"])
  parquets.push(await duckdbParquet(options));

const arrows = [
  arrowBytes("file"),
  arrowBytes("stream"),
  arrowBytes("file", "LZ4"),
  arrowBytes("file", "ZSTD"),
];

const table = (name: string, make: (draw: Random) => Uint8Array): Kind => ({
  name,
  make: (draw) => ({ [name]: make(draw) }),
  read: (place) => readTable(join(place, name)),
});

/** A Parquet file that is damaged anywhere, or in its footer alone, the description of its columns. */
function damagedParquet(draw: Random): Uint8Array {
  const bytes = parquets[draw(parquets.length)]!;
  if (draw(3) > 0) return mutated([bytes], draw);
  const footer =
    bytes.length - 8 - new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  return Buffer.concat([bytes.subarray(0, footer), mutated([bytes.subarray(footer)], draw)]);
}

/** Tables in every format. */
export const tableKinds: readonly Kind[] = [
  table("a.csv", damagedCsv),
  table("a.jsonl", (draw) =>
    draw(2) === 0 ? mutated([bytesOf(jsonLines)], draw) : bytesOf(mutatedText([jsonLines], draw)),
  ),
  table("a.csv.gz", (draw) => {
    if (draw(2) === 0) return gzipSync(damagedCsv(draw));
    return mutated([gzipSync(csv)], draw);
  }),
  table("a.parquet", damagedParquet),
  table("a.arrow", (draw) => mutated(arrows, draw)),
];
