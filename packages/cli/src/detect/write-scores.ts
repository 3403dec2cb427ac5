import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Write } from "../run/atomic.js";
import { csvScores, rounded, type ScoreColumn, type ScoredRow, type ScoreWriter } from "./csv-scores.js";
import type { ScoreFormat } from "./score-formats.js";

/** Rows of one group of a Parquet file. */
const GROUP = 100_000;

/** A writer of these columns. */
export function scoreWriter(format: ScoreFormat, columns: readonly ScoreColumn[], write: Write): ScoreWriter {
  return writers[format](columns, write);
}

const writers: Readonly<Record<ScoreFormat, (columns: readonly ScoreColumn[], write: Write) => ScoreWriter>> =
  {
    csv: csvScores,
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
