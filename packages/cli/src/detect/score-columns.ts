import type { TableSchema } from "../data/table/schema.js";
import type { WrittenColumn } from "../data/written/written-rows.js";

/** Digits that a float32 sum of many terms has. */
const DIGITS = 9;

/** What is written of each row, behind its name. */
const scoreFields: readonly WrittenColumn[] = [
  { name: "score", type: "number", digits: DIGITS },
  { name: "p", type: "number", digits: DIGITS },
  { name: "flag", type: "flag" },
];

/** What the column of row names is called. */
export const idHeader = (schema: TableSchema, id: string | undefined, others: readonly string[]): string => {
  const name = id ?? schema.columns.find(({ use }) => use === "id")?.name ?? "row";
  return others.includes(name) ? "row" : name;
};

/** The columns of scores: the name of the row, what is written of it, and more. */
export function scoreColumns(
  schema: TableSchema,
  { id, more = [] }: { id?: string | undefined; more?: readonly WrittenColumn[] } = {},
): WrittenColumn[] {
  const written = [...scoreFields, ...more];
  const names = written.map(({ name }) => name);
  return [{ name: idHeader(schema, id, names), type: "text" }, ...written];
}
