import type { Executor, FitOptions } from "@flowify/core";
import { blockOf } from "../data/table/block.js";
import { findSchema } from "../data/table/find-schema.js";
import type { TableSchema } from "../data/table/schema.js";
import type { Table } from "../data/table/table.js";
import { allRows, encodedTable } from "../tables/encoded-table.js";
import { fitTable } from "../tables/fit-table.js";
import { type DetectorOptions, fitDetector, type OpenDetector, openDetector } from "./detector.js";

/** Rows of a block. */
const BLOCK = 1024;

/** An array [rows, width] of numbers as a table. */
function tableOf(rows: Float32Array, width: number): Table {
  const count = rows.length / width;
  return {
    names: Array.from({ length: width }, (_, column) => `column ${column + 1}`),
    notes: [],
    async *blocks() {
      for (let at = 0; at < count; at += BLOCK) {
        const here = Math.min(BLOCK, count - at);
        const rowAt = (i: number) => Array.from(rows.subarray((at + i) * width, (at + i + 1) * width));
        yield blockOf(
          Array.from({ length: here }, (_, i) => rowAt(i)),
          at,
        );
      }
    },
  };
}

const encoded = (rows: Float32Array, width: number, schema: TableSchema) =>
  allRows(encodedTable("the array", tableOf(rows, width), { schema, warn() {} }));

/**
 * Trains the flow of rows of numbers as `flowify train` does by default, and fits a detector by it. Columns that never vary are
 * left out.
 *
 * @param training rows [n, width]
 * @throws UsageError where there are too few rows
 */
export async function fitArrayDetector(
  executor: Executor,
  training: Float32Array,
  width: number,
  { contaminated = false, seed = 0, ...options }: FitOptions & DetectorOptions = {},
): Promise<Pick<OpenDetector, "score" | "dispose">> {
  const known = tableOf(training, width);
  const schema = await findSchema("the array", known, { columns: known.names });
  const { rows } = await encoded(training, width, schema);
  const model = await fitTable(schema, rows, { ...options, executor, seed });
  const columns = schema.columns.filter(({ use }) => use === "model");
  const open = await openDetector(model, await fitDetector(model, rows, columns, { contaminated, seed }));
  return {
    score: async (judged, kinds) => open.score((await encoded(judged, width, schema)).rows, kinds),
    async dispose() {
      await open.dispose();
      await model.dispose();
    },
  };
}
