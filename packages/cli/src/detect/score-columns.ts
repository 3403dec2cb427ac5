import { timeFormat } from "../data/table/column-formats.js";
import type { TableSchema } from "../data/table/schema.js";
import { csvWriter } from "../data/written/csv-writer.js";
import type { WrittenColumn, WrittenRow } from "../data/written/written-rows.js";

/** `combination` is the default; the others are what it consists of. */
export const scoreKinds = ["combination", "flow", "kernels", "neighbours"] as const;
export type ScoreKind = (typeof scoreKinds)[number];

/** What scores are computed from: kernels in two spaces are one kind. */
const partNames = ["flow", "robust", "mixed", "neighbours", "range"] as const;
export type PartName = (typeof partNames)[number];

/** Parts whose weights each table of clean rows decides on. */
export const LEARNT_PARTS = ["flow", "robust", "mixed"] as const satisfies readonly PartName[];
export type LearntPart = (typeof LEARNT_PARTS)[number];

/**
 * What a detector is made for. `table`: rows are read as they are, and many are scored at once, in any engine. `network`: rows
 * are computed by a network, one at a time, by ONNX Runtime: a few large operations, and no number is rounded to a step.
 */
export type Form = "table" | "network";

export const partsOf = (kind: ScoreKind, contaminated: boolean, form: Form): readonly PartName[] => {
  if (kind === "kernels") return ["robust", "mixed"];
  if (kind !== "combination") return [kind];
  if (form === "network") return ["flow", "robust", "neighbours", "range"];
  return contaminated ? ["flow", "neighbours", "range"] : partNames;
};

/** Digits that a float32 sum of many terms has. */
export const SCORE_DIGITS = 9;

/** What is written of each row, behind its name. */
const scoreFields: readonly WrittenColumn[] = [
  { name: "score", type: "number", digits: SCORE_DIGITS },
  { name: "p", type: "number", digits: SCORE_DIGITS },
  { name: "flag", type: "flag" },
];

/** The column of row names, beside these others. Dates in it are written as the table writes them. */
export function idColumn(
  { columns }: TableSchema,
  id: string | undefined,
  others: readonly WrittenColumn[],
): WrittenColumn {
  const found = columns.find(({ name, use }) => (id === undefined ? use === "id" : name === id));
  const name = id ?? found?.name ?? "row";
  const isTaken = others.some((other) => other.name === name);
  return { name: isTaken ? "row" : name, type: "text", format: found && timeFormat(found) };
}

/** The columns of scores: the name of the row, what is written of it, and more. */
export function scoreColumns(
  schema: TableSchema,
  { id, more = [] }: { id?: string | undefined; more?: readonly WrittenColumn[] } = {},
): WrittenColumn[] {
  const written = [...scoreFields, ...more];
  return [idColumn(schema, id, written), ...written];
}

/** Rows of a name, a score, a p-value and a flag as the text of a CSV file, as `flowify score` writes them. */
export async function scoresAsCsv(schema: TableSchema, rows: readonly WrittenRow[]): Promise<string> {
  const parts: string[] = [];
  const writer = csvWriter(scoreColumns(schema), async (lines) => void parts.push(lines));
  await writer.add(rows);
  await writer.end();
  return parts.join("");
}
