import { csvCell } from "../data/csv-cell.js";
import type { TableSchema } from "../data/table/schema.js";

/** One row of the output: its name, its numbers, and texts where there are more to say. */
export type ScoredRow = readonly [name: string, ...values: (number | string)[]];

/** Writes rows as they come, in memory that does not grow with them. */
export type ScoreWriter = Readonly<{
  add(rows: readonly ScoredRow[]): Promise<void>;
  /** Writes all rows so far. */
  flush(): Promise<void>;
  /** Writes the rest, and what stands behind all rows. */
  end(): Promise<void>;
  /** What another writer needs to go on after all rows so far, as JSON; undefined while some of them are not written. */
  progress(): unknown;
}>;

/** A column; its values are texts, numbers or 0 and 1. */
export type ScoreColumn = Readonly<{ name: string; type: "text" | "number" | "flag" }>;

/** Digits that a float32 sum of many terms has. */
export const rounded = (value: number | string): number | string =>
  typeof value === "number" ? Number(value.toPrecision(9)) : value;

/**
 * Writes scores as CSV. Names come from files of others: a cell that a spreadsheet would run is quoted.
 *
 * @param begun the progress of another writer, whose rows and header are in the file already
 */
export function csvScores(
  columns: readonly ScoreColumn[],
  write: (lines: string) => Promise<void>,
  begun?: unknown,
): ScoreWriter {
  let head = begun === undefined ? `${columns.map(({ name }) => csvCell(name)).join(",")}\n` : "";
  const flush = async (lines: string): Promise<void> => {
    await write(head + lines);
    head = "";
  };
  return {
    add: (rows) =>
      flush(rows.map((row) => `${row.map((value) => csvCell(String(rounded(value)))).join(",")}\n`).join("")),
    flush: async () => (head === "" ? undefined : flush("")),
    end: async () => (head === "" ? undefined : flush("")),
    progress: () => ({}),
  };
}

/** What the column of row names is called. */
export const idHeader = (schema: TableSchema, id: string | undefined, others: readonly string[]): string => {
  const name = id ?? schema.columns.find(({ use }) => use === "id")?.name ?? "row";
  return others.includes(name) ? "row" : name;
};
