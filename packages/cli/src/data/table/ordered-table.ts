import { DataError, UsageError } from "@flowify/core";
import { meanAndSpread } from "../../statistics.js";
import { unknownName } from "../../ui/format.js";
import { type Block, rowBlock, type Unit } from "./block.js";
import { type Cell, dateText, MILLISECONDS_PER_DAY, timeText } from "./cell.js";
import type { ColumnSchema, TableOrder, TableSchema } from "./schema.js";
import { findSeries, gridsOf, inUnits, unitsOf } from "./series-units.js";
import { type Row, seriesName, sortedRows } from "./sorted-rows.js";
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

type Wanted = Readonly<{
  time: string;
  /** The columns that name the series; none where there is one alone. */
  series: readonly string[];
  columns: readonly string[];
  lags: number;
  horizon: number;
}>;

/** What the value of a column so many rows back is called. */
export const lagName = (column: string, lag: number): string => `${column} lag ${lag}`;
/** What the distance of two neighbours among the whole numbers of a column is called, in the units of a series. */
export const gridName = (column: string): string => `${column} grid`;
const placeName = (time: string, days: number): string =>
  `${time}: ${PERIODS.find((period) => period.days === days)?.name}`;

/** Names of the columns that rows get from those before them, and from their time. */
export const namesOfOrder = ({ time, columns, lags, periods, ...order }: TableOrder): string[] => [
  ...columns.flatMap((column) => Array.from({ length: lags }, (_, k) => lagName(column, k + 1))),
  ...gridsOf(order).map(([column]) => gridName(column)),
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
    ...gridsOf(order, units).map(([, width]) => width),
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
  const { rows, of, notes } = await sortedRows(path, table, order);
  const series = new Map(
    [...of].map(([name, own]) => {
      const units = order.series ? unitsOf(order.series, table.names, name, own) : [];
      const stretches = stretchesOf(
        order,
        own.map((row) => row.time),
      );
      const gaps = stretches.at(-1) ?? 0;
      const endRows = stretches.filter((stretch) => stretch === gaps).length;
      const isWhole = (i: number): boolean => i >= lags && stretches[i] === stretches[i - lags];
      const facts = { name, keys: own[0]?.keys ?? [], units, endRows };
      return [
        name,
        { facts, rows: own.map(inUnits<Row>(order, table.names, units)), gaps, isWhole },
      ] as const;
    }),
  );
  const gaps = [...series.values()].reduce((sum, own) => sum + own.gaps, 0);
  const short = [...series].flatMap(([name, own]) => (own.rows.some((_, i) => own.isWhole(i)) ? [] : [name]));
  const { parts: _, ...whole } = table;
  return {
    ...whole,
    names: [...table.names, ...namesOfOrder(order)],
    series: new Map([...series].map(([name, { facts }]) => [name, facts])),
    notes: [
      ...table.notes,
      ...notes,
      ...(gaps > 0
        ? [
            `"${time}" has ${gaps === 1 ? "1 gap" : `${gaps} gaps`}: rows after a gap need ${lags} rows behind it`,
          ]
        : []),
      ...(order.series && short.length > 0
        ? [
            `${short.length} of ${series.size} series are left out, without ${lags + 1} rows in a row: ${listFirst(short)}`,
          ]
        : []),
    ],
    async *blocks(): AsyncGenerator<Block> {
      const next = new Map<string, number>();
      for (let start = 0; start < rows.length; start += BLOCK) {
        const found = rows.slice(start, start + BLOCK).flatMap(({ keys, number }) => {
          const name = seriesName(keys);
          const own = series.get(name);
          const at = next.get(name) ?? 0;
          next.set(name, at + 1);
          if (!own?.isWhole(at)) return [];
          const cells = wholeRow(order, table.names, own.rows.slice(at - lags, at + 1), own.facts.units);
          return [{ cells, number, series: own.facts }];
        });
        yield {
          ...rowBlock(
            found.map(({ cells }) => cells),
            found.map(({ number }) => number),
          ),
          series: found.map((row) => row.series),
        };
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
  { time, series, columns, lags, horizon }: Wanted,
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
  const keys = { time, ...(series.length > 0 && { series: { columns: series } }) };
  const { rows, of } = await sortedRows(path, table, keys, found);
  const longest = [...of.values()].reduce((most, own) => Math.max(most, own.length), 0);
  if (series.length > 0 && longest === 1)
    throw new DataError(
      `${path}: by --series ${series.join(",")} each row is a series of its own, expected rows that follow each other in each\nname columns whose values repeat`,
    );
  for (const [what, count] of [
    ["lags", lags],
    ["horizon", horizon],
  ] as const)
    if (count >= longest)
      throw new DataError(
        `${path}: --${what} ${count}, expected fewer than the ${longest} rows of the ${series.length === 0 ? "table" : "longest series"}\nchoose fewer, or add rows`,
      );
  const steps = [...of.values()].flatMap((own) =>
    own.slice(1).map((row, i) => row.time - (own[i] as Row).time),
  );
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
    ...(series.length > 0 && {
      series: findSeries(series, found, { names: table.names, of, wanted: columns }),
    }),
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
    const { name } = column;
    const key = order.series?.columns.indexOf(name) ?? -1;
    if (order.series && key >= 0) return keyColumn(column, order.series, key);
    const use = name === order.time ? "id" : order.columns.includes(name) ? "model" : "none";
    const measured = order.series?.measured.find((each) => each.name === name);
    if (!measured) return { ...column, use };
    const { missing, distinct } = column;
    const { range, middle } = measured;
    return {
      name,
      type: "continuous",
      use,
      missing,
      distinct,
      range,
      ...(middle !== undefined && { atoms: [0] }),
    };
  });
  const lags = order.columns.flatMap((name) => {
    const {
      histogram: _,
      spikes: __,
      ...source
    } = columns.find((column) => column.name === name) as ColumnSchema;
    return Array.from({ length: order.lags }, (___, k) => ({ ...source, name: lagName(name, k + 1) }));
  });
  const grids = gridsOf(order).map(([name], k): ColumnSchema => {
    const widths = order.series?.known.flatMap(({ units }) => gridsOf(order, units)[k]?.[1] ?? []) ?? [];
    const range = { least: Math.min(...widths), most: Math.max(...widths), ...meanAndSpread(widths) };
    return {
      name: gridName(name),
      type: "continuous",
      use: "model",
      missing: 0,
      distinct: widths.length,
      range,
    };
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
  return { ...found, columns: [...columns, ...lags, ...grids, ...places], order };
}

/** A column that names the series: what it holds of known ones are its values, whatever they look like. */
function keyColumn(
  { name, missing }: ColumnSchema,
  { known }: NonNullable<TableOrder["series"]>,
  key: number,
): ColumnSchema {
  const values = [...new Set(known.map(({ keys }) => keys[key] as string))];
  return { name, type: "category", use: "model", missing, distinct: values.length, values };
}
