import type { Block, TableSeries } from "../data/table/block.js";
import { cellReader } from "../data/table/cell.js";
import { openTable } from "../data/table/sources/open-table.js";
import type { Table } from "../data/table/table.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import { allRows, type EncodedRows, encodedTable } from "../tables/encoded-table.js";
import type { Prediction } from "./columns.js";

const reader = cellReader();

/** A file whose rows are predicted: the columns to predict may be missing in it. */
export type RowsToPredict = Readonly<{
  /** The columns to predict that the file has. */
  known: readonly string[];
  /** Rows a block at a time, in the columns of the run; NaN where a column to predict is missing. */
  blocks(): AsyncGenerator<EncodedRows>;
  /** All of them. */
  all(): Promise<EncodedRows>;
  /** Where they follow each other in time. */
  series: ReadonlyMap<string, TableSeries>;
  end(): void;
}>;

/** @throws DataError for a file that is missing, damaged, or lacks a column that is given */
export async function rowsToPredict(
  file: string,
  { schema, predict }: Prediction,
  options: Readonly<{ id?: string | undefined; where?: string | undefined; warn(line: string): void }>,
): Promise<RowsToPredict> {
  const table = await openTable(file, { schema, where: options.where });
  const known = predict.filter((name) => table.names.includes(name));
  const columns = schema.columns.map((column) =>
    predict.includes(column.name) && !known.includes(column.name)
      ? ({ ...column, use: "none" } as const)
      : column,
  );
  const own = { ...schema, columns };
  const { id, warn } = options;
  let latest: Block | undefined;
  const watched: Table = {
    ...table,
    async *blocks(range) {
      for await (const block of table.blocks(range)) {
        latest = block;
        yield block;
      }
    },
  };
  const encoded = encodedTable(file, watched, { schema: own, id, warn });
  const wanted = ownColumns(tableColumns(schema));
  const found = ownColumns(tableColumns(own));
  if (schema.order) for (const line of table.notes) warn(`${file}: ${line}`);
  const places = wanted.map(({ name }) => found.find((column) => column.name === name)?.place ?? -1);
  // a missing name has a code like that of one that training did not have: to predict, it is missing
  const names = wanted
    .filter(
      ({ name, kind, found: { values } }) =>
        known.includes(name) && !kind.isNumber && !values?.includes(null),
    )
    .map(({ name, place }) => ({ place, at: table.names.indexOf(name) }));
  async function* blocks(): AsyncGenerator<EncodedRows> {
    for await (const block of encoded.rows()) {
      const count = block.names.length;
      const rows = new Float32Array(count * wanted.length).fill(Number.NaN);
      for (let i = 0; i < count; i++)
        for (const [to, from] of places.entries())
          if (from >= 0) rows[i * wanted.length + to] = block.rows[i * found.length + from] as number;
      for (const { place, at } of names)
        for (let i = 0; i < count; i++)
          if (reader.read(latest?.columns[at]?.at(i)) === "missing")
            rows[i * wanted.length + place] = Number.NaN;
      yield { ...block, rows };
    }
  }
  return {
    known,
    series: table.series ?? new Map(),
    end: encoded.end,
    blocks,
    all: () => allRows(blocks(), encoded.end),
  };
}
