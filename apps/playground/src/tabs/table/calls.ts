import type { ScoreKind, TableReasons, TableSchema } from "flowify/tables/browser";
import type { Progress } from "../../run/session.js";
import type { Call } from "../../shell/schemas.js";
import type { TableConfig } from "./config.js";

/** A table that was read: its columns, and how often their values occur. */
export type OpenedTable = Readonly<{
  name: string;
  schema: TableSchema;
  /** For each column the rows in bins of its range, or with each of its most frequent values; empty for other columns. */
  bars: readonly (readonly number[])[];
  /** Assumptions about the file, a line each. */
  notes: readonly string[];
}>;

/** The trained detector. */
export type DetectorFacts = Readonly<{
  device: string;
  /** Training steps that were taken, and rows that judge the others. */
  steps: number;
  heldOut: number;
  /** Names of the columns that it takes. */
  columns: readonly string[];
  notes: readonly string[];
}>;

/** The file whose rows are judged, and how it differs from the one that the detector was trained on, a line each. */
export type JudgedFile = Readonly<{ name: string; notes: readonly string[] }>;

/** A row of the table with its place in it, from 1 on. */
export type NamedRow = Readonly<{ row: number; name: string; cells: readonly string[] }>;

/** The rows of the highest scores, and the p-values of all rows, ascending. */
export type RankedRows = Readonly<{
  rows: readonly (NamedRow & Readonly<{ score: number; p: number }>)[];
  all: Float64Array;
}>;

/** Why a row is unlikely; `rows` are the row itself and its nearest training rows. */
export type RowStory = Readonly<{ p: number; reasons: TableReasons; rows: readonly NamedRow[] }>;

type Judging = Readonly<{ score: ScoreKind; falseAlarms: number }>;

/** Calls to the worker of the table tab. */
export type TableCalls = {
  "table.open": Call<{ file: File }, OpenedTable>;
  /** Opens a table with a detector that was fitted to it before, and the scores of all its rows (`example-detector.ts`). */
  "table.restore": Call<
    { file: File; id: string; stored: Uint8Array; device: TableConfig["device"] },
    { table: OpenedTable; facts: DetectorFacts }
  >;
  /** Trains a detector and scores all rows. Its signal ends the training; the best state so far then scores. */
  "table.train": Call<
    { drop: readonly string[]; id: string | undefined } & Omit<TableConfig, "score" | "falseAlarms">,
    DetectorFacts,
    Progress
  >;
  /** Scores the rows of another file with the columns of the first; without one, those of the first again. */
  "table.judge": Call<{ file: File | undefined }, JudgedFile, Progress>;
  "table.rows": Call<{ score: ScoreKind; count: number }, RankedRows>;
  "table.reasons": Call<Judging & { row: number }, RowStory>;
  /** Scores, p-values and flags of all rows as CSV. */
  "table.save": Call<Judging, string>;
  /** The detector as an ONNX file, whose score is the combination. */
  "table.export": Call<Pick<Judging, "falseAlarms">, Uint8Array<ArrayBuffer>>;
};
