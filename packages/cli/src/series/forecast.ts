import { DataError } from "@flowify/core";
import { hashOf } from "../data/image-set.js";
import type { Cell } from "../data/table/cell.js";
import { timeFormat } from "../data/table/column-formats.js";
import { fromUnits } from "../data/table/series-units.js";
import { listFirst } from "../data/table/table.js";
import { timeAfter, timeCell } from "../data/table/time-steps.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { type FanPanel, fanChart } from "../pictures/fan-chart.js";
import { lastOf, valueAt } from "../places.js";
import { columnNamed } from "../regression/columns.js";
import { predictedOf } from "../regression/predicted.js";
import { DIGITS, predictedColumn } from "../regression/predicted-cells.js";
import { Predictive } from "../regression/predictive.js";
import { type TableRegression, widthOf } from "../regression/table-regression.js";
import { takeRows } from "../rows.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import type { EncodedTable } from "../tables/encoded-table.js";
import { orderOf, panelOf } from "./ahead.js";
import { samplePaths } from "./paths.js";
import { type SeriesRows, seriesRows } from "./series.js";

/** Paths whose quantiles are written. */
export const PATHS = 1000;
/** Series in a picture, at most. */
export const PANELS = 12;

/** Paths behind the last row of a series. */
export type Continued = Readonly<{
  past: SeriesRows;
  times: readonly number[];
  /** For each target [paths · horizon], encoded: the values of a path one after another. */
  drawn: readonly Float64Array[];
}>;

/** Paths behind the last row of each series of a table. */
export type Forecast = Readonly<{
  model: TableRegression;
  isDate: boolean;
  paths: number;
  horizon: number;
  /** Series that are forecast. */
  count: number;
  /** Each of them in turn: the paths of all may fill the memory. */
  all(): AsyncGenerator<Continued>;
}>;

/**
 * Series that end with too few rows behind a gap are left out, with a warning.
 *
 * @throws DataError where no series is left
 */
export async function forecast(
  model: TableRegression,
  file: string,
  rows: EncodedTable,
  {
    horizon = orderOf(model).horizon,
    paths,
    seed,
    warn,
  }: Readonly<{ horizon?: number | undefined; paths: number; seed: number; warn: (line: string) => void }>,
): Promise<Forecast> {
  const { prediction } = model;
  const order = orderOf(model);
  const { rows: encoded, names, series } = await rows.all();
  const short = [...rows.series.values()].filter(({ endRows }) => endRows <= order.lags);
  if (short.length === rows.series.size)
    throw new DataError(
      `${file}: ${Math.max(0, ...short.map(({ endRows }) => endRows))} rows stand at its end without a gap, expected at least ${order.lags + 1}: the run learned rows given the last ${order.lags}\nadd rows, or train with fewer --lags`,
    );
  if (short.length > 0)
    warn(
      `${file}: not forecast, with fewer than ${order.lags + 1} rows without a gap at the end: ${listFirst(short.map(({ name }) => name))}`,
    );
  const pasts = seriesRows(prediction, { encoded, rowNames: names, series }, true).filter(
    (past) => past.series.endRows > order.lags,
  );
  async function continued(past: SeriesRows): Promise<Continued> {
    const { name } = past.series;
    const from = lastOf(past.times);
    // paths of different series have nothing to do with each other, whichever series stand beside them
    const own = name === "" ? seed : seed + Number.parseInt(hashOf(name).slice(0, 8), 16);
    const last = takeRows(past.encoded, widthOf(prediction), [past.times.length - 1]);
    return {
      past,
      times: Array.from({ length: horizon }, (_, h) => timeAfter(order, from, h + 1)),
      drawn: await samplePaths(model, last, [from], { paths, horizon, seed: own }),
    };
  }
  return {
    model,
    paths,
    horizon,
    count: pasts.length,
    async *all() {
      for (const past of pasts) yield await continued(past);
    },
    isDate: columnNamed(prediction.schema, order.time).type === "date",
  };
}

function valuesAt({ drawn, times }: Continued, t: number, step: number): Float64Array {
  const all = drawn[t] as Float64Array;
  return Float64Array.from(
    { length: all.length / times.length },
    (_, k) => all[k * times.length + step] ?? 0,
  );
}

/** The rows that are written of a series. */
type Table = Readonly<{ columns: readonly WrittenColumn[]; rowsOf(series: Continued): Cell[][] }>;

/** What a row begins with: its series, where there are several, and its time. */
function keyColumns({ model, isDate }: Forecast): WrittenColumn[] {
  const { series, time } = orderOf(model);
  const format = timeFormat(columnNamed(model.prediction.schema, time));
  return [
    ...(series?.columns ?? []).map((name) => ({ name, type: "text" as const })),
    { name: time, type: isDate ? "date" : "number", format },
  ];
}
function keysOf({ model, isDate }: Forecast, { past, times }: Continued): Cell[][] {
  return times.map((time) => [...past.series.keys, timeCell(orderOf(model), isDate, time)]);
}

/** Mean and quantiles of each step. */
export function forecastTable(of: Forecast, quantiles: readonly number[]): Table {
  const { targets, prediction } = of.model;
  const parts = targets.map(({ name }) => predictedColumn(prediction, name, [], false, { quantiles }));
  const rowsOf = (own: Continued): Cell[][] => {
    const predicted = targets.map(({ kind, name }, t) => {
      const natural = fromUnits(orderOf(of.model), own.past.series, name);
      return own.times.map((_, step) => predictedOf(kind, valuesAt(own, t, step).map(natural)));
    });
    return keysOf(of, own).map((keys, i) => [
      ...keys,
      ...parts.flatMap(({ cells }, t) => cells(valueAt(valueAt(predicted, t), i), Number.NaN, Number.NaN)),
    ]);
  };
  return {
    columns: [...keyColumns(of), ...parts.flatMap(({ columns }) => columns)],
    rowsOf,
  };
}

/** The paths themselves: a row for each step of each. */
export function pathTable(of: Forecast): Table {
  const own = ownColumns(tableColumns(of.model.prediction.schema));
  const columns = of.model.targets.map(({ name }) => own.find((column) => column.name === name));
  const rowsOf = (each: Continued): Cell[][] => {
    const keys = keysOf(of, each);
    return Array.from({ length: of.paths * keys.length }, (_, i) => [
      Math.floor(i / keys.length) + 1,
      ...(keys[i % keys.length] as Cell[]),
      ...columns.map((column, t) => {
        if (column === undefined) return null;
        const { kind, found, name } = column;
        const value = fromUnits(orderOf(of.model), each.past.series, name)(each.drawn[t]?.[i] ?? Number.NaN);
        return found.type === "date" ? kind.show(found, value) : kind.value(found, value);
      }),
    ]);
  };
  return {
    columns: [
      { name: "path", type: "number" },
      ...keyColumns(of),
      ...of.model.targets.map(
        ({ name, kind, column }): WrittenColumn => ({
          name,
          type: kind.classes !== undefined ? "text" : column.type === "date" ? "date" : "number",
          nullable: true,
          ...(kind.classes === undefined && column.type !== "date" && { digits: DIGITS }),
          format: timeFormat(column),
        }),
      ),
    ],
    rowsOf,
  };
}

/** The past and a fan of bands, a panel each column of numbers. */
export function forecastPicture({ model, isDate }: Forecast, series: readonly Continued[]): Promise<string> {
  const panels = series.flatMap((own) =>
    model.targets.flatMap((target, t): FanPanel[] => {
      if (target.kind.classes !== undefined) return [];
      const ahead = own.times.map((time, step) => ({
        time,
        predictive: new Predictive(valuesAt(own, t, step)),
      }));
      return [panelOf(model, target, own.past, own.past.times.length - 1, ahead)];
    }),
  );
  return fanChart({
    title: "Forecast: median, and bands that hold 50, 80 and 95 %",
    time: orderOf(model).time,
    isDate,
    panels,
  });
}
