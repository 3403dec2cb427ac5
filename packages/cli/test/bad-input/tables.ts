import { parquetBytes } from "../data/parquet-files.js";
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
  [
    "a Parquet file with a damaged footer",
    damagedParquet,
    ["not a readable Parquet file", "write it again"],
    { ending: "parquet" },
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
