import { UsageError } from "@flowify/core";
import { joined } from "@flowify/core/internal";
import { rowName, type TableSeries } from "../data/table/block.js";
import { checkColumns } from "../data/table/check-columns.js";
import type { TableSchema } from "../data/table/schema.js";
import type { PartRange, Table, TablePart } from "../data/table/table.js";
import { detached } from "../data/table/value-counts.js";
import { unknownName } from "../ui/format.js";
import { tableColumns } from "./columns/kinds.js";
import { brokenOrders } from "./ordered-columns.js";
import { rowEncoder } from "./row-encoder.js";

/** Encoded rows [n, width], what each is called, their numbers in the file, from 1 on, and their series where they have an order. */
export type EncodedRows = Readonly<{
  rows: Float32Array;
  names: readonly string[];
  numbers: readonly number[];
  series: readonly TableSeries[];
}>;

export type EncodingOptions = Readonly<{
  schema: TableSchema;
  /** Columns that are predicted: the file may lack them, and their cells may be missing. They are NaN then. */
  predict?: readonly string[];
  id?: string | undefined;
  warn(line: string): void;
}>;

/** A table that is read for a model. */
export type EncodedTable = Readonly<{
  file: string;
  names: readonly string[];
  /** Where rows follow each other in time. */
  series: ReadonlyMap<string, TableSeries>;
  /** Missing where rows can only be read from the first one on. */
  parts: readonly TablePart[] | undefined;
  /** Rows a block at a time, by default all. They are called by their id, else by their number from 1 on. */
  rows(range?: PartRange): AsyncGenerator<EncodedRows>;
  /** All rows in memory, and the warnings of `end`. */
  all(): Promise<EncodedRows>;
  /** Warns of findings in the rows that were read since the last time. */
  end(): void;
}>;

/** @throws DataError for a table that does not fit the schema, UsageError for an id column that it lacks */
export function encodedTable(
  file: string,
  table: Table,
  { schema, predict = [], id, warn }: EncodingOptions,
): EncodedTable {
  if (id !== undefined && !table.names.includes(id))
    throw new UsageError(`--id: ${file}: ${unknownName("column", id, table.names)}`);
  const used = schema.columns.map((column) =>
    predict.includes(column.name) && !table.names.includes(column.name)
      ? ({ ...column, use: "none" } as const)
      : column,
  );
  for (const line of checkColumns(file, table.names, { ...schema, columns: used })) warn(line);
  const named = id ?? schema.columns.find(({ use }) => use === "id")?.name;
  const idAt = named === undefined ? -1 : table.names.indexOf(named);
  if (named !== undefined && idAt < 0)
    warn(`${file}: lacks the column "${named}", which names the rows: they are called by their numbers`);
  if (schema.order) for (const line of table.notes) warn(`${file}: ${line}`);
  const columns = tableColumns(schema);
  let encoder = rowEncoder(file, table, columns, predict);
  let broken = brokenOrders(schema);
  async function* rows(range?: PartRange): AsyncGenerator<EncodedRows> {
    for await (const block of table.blocks(range)) {
      if (block.count === 0) continue;
      const ids = block.columns[idAt];
      const names = block.numbers.map((_, i) =>
        ids ? detached(String(ids.at(i) ?? "")) : rowName(block, i),
      );
      const rows = encoder.encode(block);
      broken.add(rows, names);
      yield { rows, names, numbers: block.numbers, series: block.series ?? [] };
    }
  }
  function end(): void {
    for (const line of [...encoder.notes(), ...broken.notes()]) warn(`${file}: ${line}`);
    encoder = rowEncoder(file, table, columns, predict);
    broken = brokenOrders(schema);
  }
  async function all(): Promise<EncodedRows> {
    const parts: EncodedRows[] = [];
    for await (const part of rows()) parts.push(part);
    end();
    return joinRows(parts);
  }
  const { names, parts, series = new Map() } = table;
  return { file, names, series, parts, rows, all, end };
}

/** Rows one after another. */
export function joinRows(parts: readonly EncodedRows[]): EncodedRows {
  const [first] = parts;
  if (parts.length === 1 && first) return first;
  return {
    rows: joined(parts.map(({ rows }) => rows)),
    names: parts.flatMap(({ names }) => names),
    numbers: parts.flatMap(({ numbers }) => numbers),
    series: parts.flatMap(({ series }) => series),
  };
}
