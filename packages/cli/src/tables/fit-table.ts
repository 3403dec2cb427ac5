import { type FitOptions, type FlowModel, fit, flowify, type NetworkFlow, UsageError } from "@flowify/core";
import type { TableSchema } from "../data/table/schema.js";
import { rowSchedule, tableBodies, tableNetwork } from "../networks/table-networks.js";
import { unknownName } from "../ui/suggest.js";
import { encodedWidth, flowWidth, tableColumns } from "./columns/kinds.js";
import { flowRows } from "./flow-rows.js";

export type TableFlowOptions = Readonly<{
  /** As `--network table/…`: couplings (default), additive, dense or gaussian. */
  network?: "couplings" | "additive" | "dense" | "gaussian";
}>;

/**
 * A flow for the rows of a table: learned noise for the columns on a grid, then the layers of the network. Exact if all columns
 * are continuous, else a bound.
 *
 * @throws UsageError for a network with another name, and a table without a column to learn from
 */
export function tableFlow(
  schema: TableSchema,
  { network = "couplings" }: TableFlowOptions = {},
): NetworkFlow {
  if (!Object.hasOwn(tableBodies, network))
    throw new UsageError(`tableFlow: ${unknownName("network", network, Object.keys(tableBodies))}`);
  const length = flowWidth(tableColumns(schema));
  if (length === 0) throw new UsageError("tableFlow: no column to learn from\nchoose columns that vary");
  return flowify(tableNetwork(network, length, schema));
}

/** A tenth of the rows, at most so many, decide which state is kept. */
const HELD_OUT = { part: 0.1, most: 1000 } as const;

/**
 * Trains the flow of a table as `flowify train` does by default.
 *
 * @param training encoded rows [n, columns]
 */
export function fitTable(
  schema: TableSchema,
  training: Float32Array,
  { network, ...options }: FitOptions & TableFlowOptions = {},
): Promise<FlowModel> {
  const columns = tableColumns(schema);
  const count = training.length / encodedWidth(schema);
  const held = Math.max(1, Math.min(HELD_OUT.most, Math.floor(HELD_OUT.part * count)));
  const examples = { examples: flowRows(columns, training).rows, count };
  const usual = { ...rowSchedule(count - held), validation: held / count };
  return fit(tableFlow(schema, network && { network }), examples, { ...usual, ...options });
}
