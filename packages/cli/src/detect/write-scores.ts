import type { Write } from "../run/atomic.js";
import { csvScores, rounded, type ScoreColumn, type ScoredRow, type ScoreWriter } from "./csv-scores.js";
import { joinedParquet, PARQUET_BEGUN, parquetScores } from "./parquet-scores.js";
import type { ScoreFormat } from "./score-formats.js";

type OpenWriter = (columns: readonly ScoreColumn[], write: Write, begun?: unknown) => ScoreWriter;

const writers: Readonly<Record<ScoreFormat, OpenWriter>> = {
  csv: csvScores,
  jsonl: (columns, write) => ({
    add: (rows) => write(rows.map((row) => `${objectOf(columns, row)}\n`).join("")),
    flush: async () => {},
    end: async () => {},
    progress: () => ({}),
  }),
  parquet: parquetScores,
};

/**
 * A writer of these columns.
 *
 * @param begun the progress of a writer whose rows are in the file already
 */
export const scoreWriter = (
  format: ScoreFormat,
  columns: readonly ScoreColumn[],
  write: Write,
  begun?: unknown,
): ScoreWriter => writers[format](columns, write, begun);

/** The progress of a writer whose rows come behind those of another one. */
export const begunBehind = (format: ScoreFormat): unknown => (format === "parquet" ? PARQUET_BEGUN : {});

/** The progress of a writer whose file holds what several writers wrote, one after another. */
export const joinedProgress = (
  format: ScoreFormat,
  parts: readonly Readonly<{ bytes: number; progress: unknown }>[],
): unknown => (format === "parquet" ? joinedParquet(parts) : {});

/** Empty texts become null. */
const objectOf = (columns: readonly ScoreColumn[], row: ScoredRow): string =>
  JSON.stringify(
    Object.fromEntries(
      columns.map(({ name }, i) => [name, i > 0 && row[i] === "" ? null : rounded(row[i]!)]),
    ),
  );
