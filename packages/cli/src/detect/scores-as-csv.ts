import type { TableSchema } from "../data/table/schema.js";
import { csvWriter } from "../data/written/csv-writer.js";
import type { WrittenRow } from "../data/written/written-rows.js";
import { scoreColumns } from "./score-columns.js";

/** Rows of a name, a score, a p-value and a flag as the text of a CSV file, as `flowify score` writes them. */
export async function scoresAsCsv(schema: TableSchema, rows: readonly WrittenRow[]): Promise<string> {
  const parts: string[] = [];
  const writer = csvWriter(scoreColumns(schema), async (lines) => void parts.push(lines));
  await writer.add(rows);
  await writer.end();
  return parts.join("");
}
