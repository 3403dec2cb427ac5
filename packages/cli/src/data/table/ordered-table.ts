import { DataError } from "@flowify/core";
import { valuesAt } from "../../places.js";
import { ascendingPlaces } from "../../rows.js";
import { countOf } from "../../ui/format.js";
import { type Block, rowBlock, type TableSeries, type Unit } from "./block.js";
import type { Cell } from "./cell.js";
import type { TableOrder } from "./schema.js";
import { inUnits, unitColumns, unitsOf } from "./series-units.js";
import { type Row, sortedRows } from "./sorted-rows.js";
import { BLOCK, listFirst, type Table } from "./table.js";
import { placeName, placesAt, stretchesOf } from "./time-steps.js";

/** What the value of a column so many rows back is called. */
export const lagName = (column: string, lag: number): string => `${column} lag ${lag}`;

/** Names of the columns that rows get from those before them, and from their time. */
export const namesOfOrder = ({ time, columns, lags, periods, ...order }: TableOrder): string[] => [
  ...columns.flatMap((column) => Array.from({ length: lags }, (_, k) => lagName(column, k + 1))),
  ...unitColumns(order).map(([name]) => name),
  ...periods.map((days) => placeName(time, days)),
];

/** The cells of a row and what it gets from those before it: of so many rows the last one. */
export function wholeRow(
  order: TableOrder,
  names: readonly string[],
  rows: readonly Readonly<{ cells: readonly Cell[]; time: number }>[],
  units: readonly Unit[],
): Cell[] {
  const { cells = [], time = 0 } = rows.at(-1) ?? {};
  return [
    ...cells,
    ...order.columns.flatMap((name) => {
      const column = names.indexOf(name);
      return Array.from({ length: order.lags }, (_, k) => rows.at(-2 - k)?.cells[column] ?? null);
    }),
    ...unitColumns(order, units).map(([, value]) => value),
    ...placesAt(order, time),
  ];
}

/** A row that has enough rows before it. */
type WholeRow = Readonly<{ time: number; number: number; series: TableSeries; cells(): Cell[] }>;

/** A series alone: its facts, its gaps, and its rows with those before them. */
function oneSeries(
  order: TableOrder,
  names: readonly string[],
  name: string,
  own: readonly Row[],
): Readonly<{ series: TableSeries; gaps: number; rows: readonly WholeRow[] }> {
  const { lags } = order;
  const units = order.series ? unitsOf(order.series, names, name, own) : [];
  const stretches = stretchesOf(
    order,
    own.map(({ time }) => time),
  );
  const gaps = stretches.at(-1) ?? 0;
  const endRows = stretches.filter((stretch) => stretch === gaps).length;
  const series = { name, keys: own[0]?.keys ?? [], units, endRows };
  const rows = own.map(inUnits<Row>(order, names, units));
  const whole = rows.flatMap(({ time, number }, i): WholeRow[] => {
    const cells = () => wholeRow(order, names, rows.slice(i - lags, i + 1), units);
    return i >= lags && stretches[i] === stretches[i - lags] ? [{ time, number, series, cells }] : [];
  });
  return { series, gaps, rows: whole };
}

/**
 * A table whose rows follow each other in time: sorted, each with the values of the rows before it, and its places in the
 * calendar. Rows with too few rows before them, at the start and after a gap, are left out.
 *
 * @throws DataError for a column that the file lacks, rows without a time, and two rows of the same time
 */
export async function orderedTable(path: string, table: Table, order: TableOrder): Promise<Table> {
  const { time, columns, lags } = order;
  const lacking = columns.find((name) => !table.names.includes(name));
  if (lacking !== undefined)
    throw new DataError(
      `${path}: lacks the column ${JSON.stringify(lacking)}, whose last values the next ones are forecast from\nadd it`,
    );
  const { of, notes } = await sortedRows(path, table, order);
  const all = [...of].map(([name, own]) => oneSeries(order, table.names, name, own));
  const gaps = all.reduce((sum, own) => sum + own.gaps, 0);
  const short = all.filter((own) => own.rows.length === 0).map(({ series }) => series.name);
  const found = all.flatMap((own) => own.rows);
  const sorted = valuesAt(found, ascendingPlaces(found.map((row) => row.time)));
  const { parts: _, ...whole } = table;
  return {
    ...whole,
    names: [...table.names, ...namesOfOrder(order)],
    series: new Map(all.map(({ series }) => [series.name, series])),
    notes: [
      ...table.notes,
      ...notes,
      ...(gaps > 0
        ? [`"${time}" has ${countOf(gaps, "gap")}: rows after a gap need ${countOf(lags, "row")} behind it`]
        : []),
      ...(order.series && short.length > 0
        ? [
            `${short.length} of ${all.length} series are left out, without ${lags + 1} rows in a row: ${listFirst(short)}`,
          ]
        : []),
    ],
    async *blocks(): AsyncGenerator<Block> {
      for (let start = 0; start < sorted.length; start += BLOCK) {
        const rows = sorted.slice(start, start + BLOCK);
        const cells = rows.map((row) => row.cells());
        const numbers = rows.map((row) => row.number);
        yield { ...rowBlock(cells, numbers), series: rows.map((row) => row.series) };
      }
    },
  };
}
