import { DataError, UsageError } from "@flowify/core";
import { valueAt } from "../../places.js";
import { meanAndSpread } from "../../statistics.js";
import { unknownName } from "../../ui/format.js";
import { MILLISECONDS_PER_DAY } from "./cell.js";
import { lagName, namesOfOrder } from "./ordered-table.js";
import type { ColumnSchema, TableOrder, TableSchema } from "./schema.js";
import { findSeries, unitColumns } from "./series-units.js";
import { type Row, sortedRows } from "./sorted-rows.js";
import type { Table } from "./table.js";
import { GAP, PERIODS, placeName } from "./time-steps.js";

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
  const { of } = await sortedRows(path, table, keys, found);
  const all = [...of.values()];
  const longest = all.reduce((most, own) => Math.max(most, own.length), 0);
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
  const steps = all.flatMap((own) => own.slice(1).map((row, i) => row.time - (own[i] as Row).time));
  const isDate = column.type === "date";
  const middle = steps.toSorted((a, b) => a - b)[steps.length >> 1] as number;
  const step = isDate ? Math.round(middle * MILLISECONDS_PER_DAY) / MILLISECONDS_PER_DAY : middle;
  const isUneven = steps.some((each) => Math.abs(each - step) > 0.5 && each < GAP * step);
  const months = Math.round(step / MONTH.mean);
  const ends = all.flatMap((own) => [own[0] as Row, own.at(-1) as Row]).map(({ time }) => time);
  const span = ends.reduce((a, b) => Math.max(a, b)) - ends.reduce((a, b) => Math.min(a, b));
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
  const units = unitColumns(order).map(([name], k): ColumnSchema => {
    const all = (order.series?.known ?? []).map((each) => valueAt(unitColumns(order, each.units), k)[1]);
    const [least, most] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
    const range = { least, most, ...meanAndSpread(all) };
    return { name, type: "continuous", use: "model", missing: 0, distinct: all.length, range };
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
  return { ...found, columns: [...columns, ...lags, ...units, ...places], order };
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
