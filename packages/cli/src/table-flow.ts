import { flowify, type NetworkFlow, UsageError } from "@flowify/core";
import { checkOptions, optionSchemas as o } from "@flowify/core/internal";
import type { TableSchema } from "./data/table/schema.js";
import { tableBodies, tableNetwork } from "./networks/table-networks.js";
import { valueAt } from "./places.js";
import { flowWidth, tableColumns } from "./tables/columns/kinds.js";
import { decodeFlowRows } from "./tables/decode-rows.js";
import { type ReadTableOptions, readRows, type TableRows } from "./tables/read-rows.js";
import { unknownName } from "./ui/format.js";

/**
 * Reads a table (.csv, .tsv, .jsonl, packed by gzip or not, .parquet, .arrow; or a pattern of such files) whole: its schema, and its rows as a flow takes them. Columns are matched by
 * name. −log p of a row is that of the flow plus `fillLog` of the row, which is 0 where no number is missing.
 *
 * @throws DataError for a file that is missing, damaged or does not fit; UsageError for columns that it does not have
 *
 * @example
 * ```ts
 * import { fit } from "flowify";
 * import { readTable, tableCells, tableFlow } from "flowify/tables";
 * const { schema, rows } = await readTable("known.csv", { id: "parcel" });
 * const model = await fit(tableFlow(schema), rows, { steps: 20, validation: 0.1, seed: 7 });
 * console.log(tableCells(schema, await model.sampleFlat(3)).length);
 * await model.dispose();
 * // 3
 * ```
 */
export async function readTable(path: string, options: ReadTableOptions = {}): Promise<TableRows> {
  const names = o.listOf(o.text);
  const schemas = {
    columns: names,
    drop: names,
    calendar: names,
    missing: names,
    id: o.text,
    where: o.text,
    schema: o.record,
  };
  if (typeof path !== "string")
    throw new UsageError(`readTable: expected the path of a file, found ${typeof path}`);
  checkOptions("readTable", schemas, options);
  return readRows(path, options);
}

export type TableFlowOptions = Readonly<{
  /** As `--network table/…`: stack (default), couplings, additive, dense or gaussian. */
  network?: "stack" | "couplings" | "additive" | "dense" | "gaussian";
}>;

/**
 * A flow for the rows of a table: learned noise for the columns on a grid, then the layers of the network. Exact if all columns
 * are continuous, else a bound.
 *
 * @throws UsageError for a network with another name, and a table without a column to learn from
 */
export function tableFlow(schema: TableSchema, options: TableFlowOptions = {}): NetworkFlow {
  checkOptions("tableFlow", { network: o.text }, options);
  const { network = "stack" } = options;
  if (!Object.hasOwn(tableBodies, network))
    throw new UsageError(`tableFlow: ${unknownName("network", network, Object.keys(tableBodies))}`);
  const length = flowWidth(tableColumns(schema));
  if (length === 0) throw new UsageError("tableFlow: no column to learn from\nchoose columns that vary");
  return flowify(tableNetwork(network, length, schema));
}

/**
 * The cells of rows that a flow sampled, by the names of the columns: numbers, texts, dates in ISO 8601, and null for a
 * missing value.
 *
 * @param rows [count, width] numbers, one row after another
 * @throws UsageError for rows of another width
 */
export function tableCells(
  schema: TableSchema,
  rows: Float32Array,
): { readonly [column: string]: string | number | boolean | null }[] {
  const width = flowWidth(tableColumns(schema));
  if (width === 0 || rows.length % width !== 0)
    throw new UsageError(`tableCells: expected rows of ${width} numbers, found ${rows.length} numbers`);
  const { columns, cells } = decodeFlowRows(schema, rows);
  return cells.map((row) => Object.fromEntries(row.map((cell, i) => [valueAt(columns, i).name, cell])));
}
