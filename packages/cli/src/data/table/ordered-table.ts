import { DataError, UsageError } from "@flowify/core";
import { ascendingPlaces } from "../../rows.js";
import { unknownName } from "../../ui/format.js";
import { type Block, rowBlock, rowName } from "./block.js";
import { type Cell, cellReader, cellText, dateText, MILLISECONDS_PER_DAY, timeText } from "./cell.js";
import type { ColumnSchema, TableOrder, TableSchema } from "./schema.js";
import { BLOCK, listFirst, type Table } from "./table.js";

/** Days after which calendars begin again, and what a place in them is called. */
const PERIODS = [
  { days: 1, name: "time of day" },
  { days: 7, name: "day of the week" },
  { days: 365.2425, name: "day of the year" },
] as const;

/** A difference of times is a gap from so many steps on: months differ by a tenth. */
const GAP = 1.5;
/** Days of a month on average, and the shortest one. */
const MONTH = { mean: 365.2425 / 12, least: 28 } as const;

type Row = Readonly<{ cells: readonly Cell[]; number: number; name: string; time: number }>;
type Wanted = Readonly<{ time: string; columns: readonly string[]; lags: number; horizon: number }>;

/** What the value of a column so many rows back is called. */
export const lagName = (column: string, lag: number): string => `${column} lag ${lag}`;
const placeName = (time: string, days: number): string =>
  `${time}: ${PERIODS.find((period) => period.days === days)?.name}`;

/** Names of the columns that rows get from those before them, and from their time. */
export const namesOfOrder = ({ time, columns, lags, periods }: TableOrder): string[] => [
  ...columns.flatMap((column) => Array.from({ length: lags }, (_, k) => lagName(column, k + 1))),
  ...periods.map((days) => placeName(time, days)),
];

/** Places on the circles of a calendar. */
export const placesAt = ({ periods }: Pick<TableOrder, "periods">, time: number): number[] =>
  periods.map((days) => time - days * Math.floor(time / days));

/** The time so many rows after another one. */
export function timeAfter({ step, months }: TableOrder, time: number, rows: number): number {
  if (months === undefined) return Number((time + rows * step).toPrecision(14));
  const date = new Date(time * MILLISECONDS_PER_DAY);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + rows * months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime() / MILLISECONDS_PER_DAY;
}

/** A time as a cell: a date, with its time where rows are less than a day apart. */
export const timeCell = ({ step, months }: TableOrder, isDate: boolean, time: number): Cell => {
  if (!isDate) return time;
  return months !== undefined || step % 1 === 0
    ? dateText(time)
    : timeText(Math.round(time * 86_400) / 86_400).replace(".000Z", "Z");
};

/** Where rows follow each other without a gap, they have the same number. */
export function stretchesOf({ step }: Pick<TableOrder, "step">, times: ArrayLike<number>): Int32Array {
  const out = new Int32Array(times.length);
  for (let i = 1; i < out.length; i++)
    out[i] = (out[i - 1] as number) + Number((times[i] as number) - (times[i - 1] as number) > GAP * step);
  return out;
}

/** All rows by their time. Errors: `DataError` for rows without a time, and for two of the same time. */
async function sortedRows(
  path: string,
  table: Table,
  name: string,
): Promise<{ rows: Row[]; notes: string[] }> {
  const at = table.names.indexOf(name);
  if (at < 0) throw new DataError(`${path}: ${unknownName("column", name, table.names)}`);
  const reader = cellReader();
  const rows: Row[] = [];
  const wrong: string[] = [];
  for await (const block of table.blocks())
    for (const [i, cells] of block.rows.entries()) {
      const kind = reader.read(cells[at]);
      const row = { cells, number: block.numbers[i] as number, name: rowName(block, i), time: reader.value };
      if (kind === "date" || kind === "number") rows.push(row);
      else wrong.push(`row ${row.name} holds ${JSON.stringify(cellText(cells[at]).slice(0, 40))}`);
    }
  if (wrong.length > 0)
    throw new DataError(
      `${path}: column "${name}" is the time, expected a date or a number in each row: ${listFirst(wrong)}\ncorrect these cells, or leave the rows out`,
    );
  const places = ascendingPlaces(rows.map(({ time }) => time));
  const sorted = places.map((place) => rows[place] as Row);
  const twice = sorted.filter(({ time }, i) => i > 0 && time === sorted[i - 1]?.time);
  if (twice.length > 0)
    throw new DataError(
      `${path}: column "${name}" is the time, expected another one in each row: ${listFirst(
        twice.map((row) => `row ${row.name} has the time ${cellText(row.cells[at])} of an earlier one`),
      )}\nleave all but one of them out, or write a file for each series`,
    );
  const moved = places.filter((place, i) => place !== i).length;
  return {
    rows: sorted,
    notes: moved > 0 ? [`rows are not in the order of "${name}": they were sorted`] : [],
  };
}

/** The cells of a row and what it gets from those before it: of so many rows the last one. */
export function wholeRow(
  order: TableOrder,
  names: readonly string[],
  rows: readonly Readonly<{ cells: readonly Cell[]; time: number }>[],
): Cell[] {
  const { cells = [], time = 0 } = rows.at(-1) ?? {};
  return [
    ...cells,
    ...order.columns.flatMap((name) => {
      const column = names.indexOf(name);
      return Array.from({ length: order.lags }, (_, k) => rows.at(-2 - k)?.cells[column] ?? null);
    }),
    ...placesAt(order, time),
  ];
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
  const { rows, notes } = await sortedRows(path, table, time);
  const stretches = stretchesOf(
    order,
    rows.map((row) => row.time),
  );
  const gaps = stretches.at(-1) ?? 0;
  const isWhole = (i: number): boolean => i >= lags && stretches[i] === stretches[i - lags];
  const { parts: _, ...whole } = table;
  return {
    ...whole,
    names: [...table.names, ...namesOfOrder(order)],
    endRows: stretches.filter((stretch) => stretch === gaps).length,
    notes: [
      ...table.notes,
      ...notes,
      ...(gaps > 0
        ? [
            `"${time}" has ${gaps === 1 ? "1 gap" : `${gaps} gaps`}: rows after a gap need ${lags} rows behind it`,
          ]
        : []),
    ],
    async *blocks(): AsyncGenerator<Block> {
      for (let start = 0; start < rows.length; start += BLOCK) {
        const wholeRows = rows
          .slice(start, start + BLOCK)
          .flatMap((row, i) => (isWhole(start + i) ? [{ row, at: start + i }] : []));
        yield rowBlock(
          wholeRows.map(({ at }) => wholeRow(order, table.names, rows.slice(at - lags, at + 1))),
          wholeRows.map(({ row }) => row.number),
        );
      }
    },
  };
}

/**
 * How the rows of a table follow each other: the most usual difference of their times, and the periods of the calendar that it
 * covers twice.
 *
 * @throws UsageError for a column that is no time, and where the columns to forecast have it among them; DataError where too few rows are left
 */
export async function findOrder(
  path: string,
  table: Table,
  found: TableSchema,
  { time, columns, lags, horizon }: Wanted,
): Promise<TableOrder> {
  const column = found.columns.find(({ name }) => name === time);
  if (column === undefined)
    throw new UsageError(`--time: ${path}: ${unknownName("column", time, table.names)}`);
  if (column.range === undefined)
    throw new UsageError(
      `--time: column ${JSON.stringify(time)} holds ${column.type === "constant" ? "one value" : "texts"}, expected dates such as 2024-03-01, or numbers\nname another column, or write its days as 2024-03-01`,
    );
  if (columns.includes(time))
    throw new UsageError(
      `--predict: ${JSON.stringify(time)} is the time: what comes next is known\nname another column`,
    );
  const { rows } = await sortedRows(path, table, time);
  for (const [what, count] of [
    ["lags", lags],
    ["horizon", horizon],
  ] as const)
    if (count >= rows.length)
      throw new DataError(
        `${path}: --${what} ${count}, expected fewer than the ${rows.length} rows of the table\nchoose fewer, or add rows`,
      );
  const steps = rows.slice(1).map((row, i) => row.time - (rows[i] as Row).time);
  const isDate = column.type === "date";
  const middle = steps.toSorted((a, b) => a - b)[steps.length >> 1] as number;
  const step = isDate ? Math.round(middle * MILLISECONDS_PER_DAY) / MILLISECONDS_PER_DAY : middle;
  const isUneven = steps.some((each) => Math.abs(each - step) > 0.5 && each < GAP * step);
  const months = Math.round(step / MONTH.mean);
  const span = (rows.at(-1) as Row).time - (rows[0] as Row).time;
  const order: TableOrder = {
    time,
    columns: [...columns],
    lags,
    horizon,
    step,
    ...(isDate && isUneven && step >= MONTH.least && { months }),
    periods: isDate
      ? PERIODS.filter(({ days }) => days >= 2 * step && 2 * days <= span).map(({ days }) => days)
      : [],
  };
  const taken = namesOfOrder(order).find((name) => table.names.includes(name));
  if (taken === undefined) return order;
  throw new UsageError(
    `--time: ${path} has a column ${JSON.stringify(taken)} of its own\ngive the column another name`,
  );
}

/** The columns of a table with those that its rows get from the rows before them: all that a model learns from. */
export function withOrder(found: TableSchema, order: TableOrder): TableSchema {
  const columns = found.columns.map((column): ColumnSchema => {
    const use = column.name === order.time ? "id" : order.columns.includes(column.name) ? "model" : "none";
    return { ...column, use };
  });
  const lags = order.columns.flatMap((name) => {
    const {
      histogram: _,
      spikes: __,
      ...source
    } = columns.find((column) => column.name === name) as ColumnSchema;
    return Array.from({ length: order.lags }, (___, k) => ({ ...source, name: lagName(name, k + 1) }));
  });
  const places = order.periods.map(
    (period): ColumnSchema => ({
      name: placeName(order.time, period),
      type: "continuous",
      use: "model",
      missing: 0,
      distinct: found.rows,
      range: { least: 0, most: period, mean: period / 2, std: period / Math.sqrt(12) },
      period,
    }),
  );
  return { ...found, columns: [...columns, ...lags, ...places], order };
}
