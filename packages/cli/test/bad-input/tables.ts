import { gzipSync } from "node:zlib";
import { parquetBytes } from "../data/parquet-files.js";
import { arrowBytes } from "../data/table/arrow-files.js";
import type { BadCommand } from "./bad-input.js";

type Case = [
  input: string,
  content: string | Uint8Array,
  says: BadCommand["says"],
  options?: { ending?: string; flags?: readonly string[]; code?: BadCommand["code"] },
];

const COUNT = 40;
const table = (head: string, row: (i: number) => string, count = COUNT): string =>
  `${head}\n${Array.from({ length: count }, (_, i) => row(i)).join("\n")}\n`;
const number = (i: number): string => String(Math.sin(i));
const rows = table("size,shop", (i) => `${number(i)},${i % 3 ? "web" : "north"}`);

const parquet = parquetBytes([{ name: "n", data: Array.from({ length: COUNT }, (_, i) => i / 7) }]);
const damagedParquet = parquet.slice();
damagedParquet.fill(0xff, parquet.length - 90, parquet.length - 8);

const gaps = parquetBytes(
  [{ name: "n", data: Array.from({ length: COUNT }, (_, i) => (i % 2 ? null : i)), type: "DOUBLE" }],
  "UNCOMPRESSED",
);
/** In the place of the levels that say which of 25 values are missing: a run of 2³¹ − 1 levels. */
const endlessRun = Buffer.from(Buffer.from(gaps).toString("hex").replace("0955555501", "feffffff0f"), "hex");

const arrow = arrowBytes("file");
/** 100 MiB of rows in 100 kB. */
const bomb = gzipSync(Buffer.alloc(100 * 2 ** 20, "0,web\n"));

const cases: readonly Case[] = [
  ["an empty table", "", ["an empty file, expected a table", "save it again"]],
  ["a table of a header alone", "size,shop\n", ["a header and no rows", "add rows"]],
  [
    "ragged rows",
    `size,shop\n${"1,web\n".repeat(3)}2\n3,web,4\n`,
    ["expected 2 cells in a row: row 4 has 1; row 5 has 3", "correct these rows"],
  ],
  [
    "a quote that is never closed",
    'size,shop\n1,"web\n2,north\n',
    ["a quote is opened and not closed", "are doubled"],
  ],
  [
    "text among numbers",
    table("size", (i) => ([5, 9].includes(i) ? "six" : number(i)), 60),
    ['column "size": most cells hold a number, but row 6 holds "six"; row 10', "--drop size"],
  ],
  [
    "±Infinity in a table",
    table("size", (i) => (i === 5 ? "-inf" : number(i))),
    ['row 6 holds "-inf"', "numbers must be finite"],
  ],
  [
    "numbers beyond float32 in a table",
    table("size", (i) => (i === 5 ? "1e39" : number(i))),
    ['row 6 holds "1e39"', "within ±3.4e38"],
  ],
  [
    "a table of constants alone",
    table("size,unit", () => "1,kg"),
    ['no column is left to learn from: "size" (constant), "unit" (constant)', "that varies"],
  ],
  ["a table of fewer than 20 rows", table("size", number, 19), ["19 rows, expected at least 20", "add rows"]],
  ["a table with zero bytes", "size\0\n1\n", ["holds zero bytes, expected text", "as CSV, in UTF-8"]],
  [
    "a table in UTF-16 of the other byte order",
    Uint8Array.of(0xfe, 0xff, 0, 0x61),
    ["UTF-16 in big-endian order", "save the file in UTF-8"],
  ],
  [
    "a line of 17 MiB",
    `size\n1\n"${"x".repeat(17 * 2 ** 20)}`,
    ["a row is longer than 16 MiB", "quotes in a cell are doubled"],
  ],
  [
    "a header of 2 MiB",
    `${Array.from({ length: 200_000 }, (_, i) => `column${i}`).join(",")}\n1\n`,
    ["the first line is longer than 1 MiB", "use fewer columns"],
  ],
  [
    "10,000 columns, and text in two of them",
    table(
      Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(","),
      (i) => Array.from({ length: 10_000 }, (_, c) => (i === 7 && c > 9997 ? "six" : i + c / 7)).join(","),
      24,
    ),
    ['column "c9998": most cells hold a number, but row 8 holds "six"', "--drop c9998,c9999"],
  ],
  [
    "a bomb: 100 MiB in 100 kB of csv.gz",
    bomb,
    ["unpacks to more than 200 times its size", "unpack it with gunzip"],
    { ending: "csv.gz" },
  ],
  [
    "a csv.gz cut short",
    gzipSync(rows).subarray(0, 60),
    ["gzip file cut short", "fetch the file again"],
    { ending: "csv.gz" },
  ],
  [
    "SQL in --where that reads a file",
    rows,
    ["a query in it", "write a condition"],
    where("size > (FROM '/etc/passwd')"),
  ],
  [
    "SQL in --where that writes a file",
    rows,
    ["more than a condition", "write a condition"],
    where("true); COPY (SELECT 1) TO 'out.csv'; SELECT (true"),
  ],
  [
    "SQL in --where that loads an extension",
    rows,
    ["more than a condition", "write a condition"],
    where("true) UNION SELECT 1 FROM duckdb_extensions() WHERE (true"),
  ],
  [
    "--where with a column that the table lacks",
    rows,
    ['unknown column "sise"', 'did you mean "size"?'],
    where("sise > 1"),
  ],
  [
    "--columns that the table lacks",
    rows,
    ['unknown column "sise"', 'did you mean "size"?'],
    usage("--columns", "sise"),
  ],
  ["--drop of a column that the table lacks", rows, ["--drop: ", 'unknown column "x"'], usage("--drop", "x")],
  ["--id of a column that the table lacks", rows, ["--id: ", 'unknown column "x"'], usage("--id", "x")],
  [
    "JSON lines that are no JSON",
    '{"a":1}\n{"a"',
    ["line 2 is not JSON", "correct the line"],
    { ending: "jsonl" },
  ],
  [
    "JSON lines of arrays",
    "[1]\n",
    ["line 1 is an array, expected an object", "write one object a line"],
    { ending: "jsonl" },
  ],
  [
    "JSON lines with a key that comes late",
    `${'{"a":1}\n'.repeat(1000)}{"b":2}\n`,
    ['line 1001 has "b"', "give the first row every key"],
    { ending: "jsonl" },
  ],
  ["a JSON array that breaks off", '[{"a":1},{"a"', ["not JSON", "write the file again"], { ending: "json" }],
  [
    "a JSON array of numbers",
    "[1, 2]",
    ["row 1 is 1, expected an object", "write one object a row"],
    { ending: "json" },
  ],
  [
    "JSON that is neither rows nor lines",
    '{\n  "rows": [3]\n}',
    ["expected an array of objects", "or an object a line"],
    { ending: "json" },
  ],
  [
    "a Parquet file with a damaged footer",
    damagedParquet,
    ["not a readable Parquet file", "write it again"],
    { ending: "parquet" },
  ],
  [
    "a Parquet page that claims 2³¹ values",
    endlessRun,
    ['row group 1, column "n"', "not a readable Parquet file (Out of buffer)"],
    { ending: "parquet" },
  ],
  [
    "an Arrow file cut short",
    arrow.subarray(0, 900),
    ["not a readable Arrow file", "write it again"],
    { ending: "arrow" },
  ],
  [
    "a Parquet file cut short",
    parquet.subarray(0, 60),
    ["not a readable Parquet file", "write it again"],
    { ending: "parquet" },
  ],
];

function usage(...flags: readonly string[]) {
  return { flags, code: "USAGE" } as const;
}

function where(condition: string) {
  return usage("--where", condition);
}

export const tables: readonly BadCommand[] = cases.map(
  ([input, content, says, options = {}]): BadCommand => ({
    input,
    args: ({ write }) => {
      const path = write(`rows.${options.ending ?? "csv"}`, content);
      return ["train", "--data", path, "--out", `${path}-run`, ...(options.flags ?? [])];
    },
    status: 2,
    code: options.code ?? "DATA",
    says,
  }),
);
