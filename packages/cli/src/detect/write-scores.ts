import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { csvCell } from "../data/csv-cell.js";
import type { Write } from "../run/atomic.js";
import type { ScoreFormat } from "./score-formats.js";

/** One row of the output: its name, its numbers, and texts where there are more to say. */
type ScoredRow = readonly [name: string, ...values: (number | string)[]];

/** Writes rows as they come, in memory that does not grow with them. */
export type ScoreWriter = Readonly<{ add(rows: readonly ScoredRow[]): Promise<void>; end(): Promise<void> }>;

/** A column; its values are texts, numbers or 0 and 1. */
export type ScoreColumn = Readonly<{ name: string; type: "text" | "number" | "flag" }>;

/** Rows of one group of a Parquet file. */
const GROUP = 100_000;

/** Digits that a float32 sum of many terms has. */
const rounded = (value: number | string): number | string =>
  typeof value === "number" ? Number(value.toPrecision(9)) : value;

/** A writer of these columns. Names come from files of others: a CSV cell that a spreadsheet would run is quoted. */
export function scoreWriter(format: ScoreFormat, columns: readonly ScoreColumn[], write: Write): ScoreWriter {
  return writers[format](columns, write);
}

const writers: Readonly<Record<ScoreFormat, (columns: readonly ScoreColumn[], write: Write) => ScoreWriter>> =
  {
    csv(columns, write) {
      let head = `${columns.map(({ name }) => csvCell(name)).join(",")}\n`;
      const flush = async (lines: string): Promise<void> => {
        await write(head + lines);
        head = "";
      };
      return {
        add: (rows) =>
          flush(
            rows.map((row) => `${row.map((value) => csvCell(String(rounded(value)))).join(",")}\n`).join(""),
          ),
        end: async () => (head === "" ? undefined : flush("")),
      };
    },
    jsonl: (columns, write) => ({
      add: (rows) => write(rows.map((row) => `${objectOf(columns, row)}\n`).join("")),
      end: async () => {},
    }),
    parquet: parquetWriter,
  };

/** Empty texts become null. */
const objectOf = (columns: readonly ScoreColumn[], row: ScoredRow): string =>
  JSON.stringify(
    Object.fromEntries(
      columns.map(({ name }, i) => [name, i > 0 && row[i] === "" ? null : rounded(row[i]!)]),
    ),
  );

const parquetTypes = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  number: { type: "DOUBLE" },
  flag: { type: "INT32" },
} as const;

function parquetWriter(columns: readonly ScoreColumn[], write: Write): ScoreWriter {
  const bytes = new ByteWriter();
  const schema = [
    { name: "root", num_children: columns.length },
    ...columns.map(({ name, type }) => ({
      name,
      ...parquetTypes[type],
      repetition_type: "REQUIRED" as const,
    })),
  ];
  const parquet = new ParquetWriter({ writer: bytes, schema });
  let waiting: ScoredRow[] = [];
  /** Writes the bytes that were encoded so far; positions in the file go on. */
  const flush = async (): Promise<void> => {
    if (bytes.index > 0) await write(new Uint8Array(bytes.buffer.slice(0, bytes.index)));
    bytes.index = 0;
  };
  const group = async (): Promise<void> => {
    const columnData = columns.map(({ name }, at) => ({ name, data: waiting.map((row) => row[at]!) }));
    waiting = [];
    await parquet.write({ columnData, rowGroupSize: GROUP });
    await flush();
  };
  return {
    async add(rows) {
      for (const row of rows) {
        waiting.push(row);
        if (waiting.length === GROUP) await group();
      }
    },
    async end() {
      if (waiting.length > 0) await group();
      await parquet.finish();
      await flush();
    },
  };
}
