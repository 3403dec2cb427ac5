import { DataError } from "@flowify/core";
import type { Cell } from "../data/table/cell.js";
import { timeAfter, timeCell } from "../data/table/ordered-table.js";
import type { TableOrder } from "../data/table/schema.js";
import type { WrittenColumn } from "../data/written/written-rows.js";
import { type FanPanel, fanChart } from "../pictures/fan-chart.js";
import { columnNamed } from "../regression/columns.js";
import type { RowsToPredict } from "../regression/encoded-rows.js";
import { type Predicted, predictedOf } from "../regression/predicted.js";
import { DIGITS, predictedColumn } from "../regression/predicted-cells.js";
import { Predictive } from "../regression/predictive.js";
import { type TableRegression, widthOf } from "../regression/table-regression.js";
import { takeRows } from "../rows.js";
import { ownColumns, tableColumns } from "../tables/columns/kinds.js";
import type { EncodedRows } from "../tables/encoded-table.js";
import { panelOf } from "./ahead.js";
import { samplePaths } from "./paths.js";
import { timeOf } from "./series.js";

/** Paths whose quantiles are written. */
export const PATHS = 1000;

/** Paths behind the last row of a table. */
export type Forecast = Readonly<{
  model: TableRegression;
  history: EncodedRows;
  times: readonly number[];
  isDate: boolean;
  paths: number;
  /** For each target [paths · horizon]: the values of a path one after another. */
  drawn: readonly Float64Array[];
}>;

const orderOf = ({ prediction }: TableRegression): TableOrder => prediction.schema.order as TableOrder;

/** Errors: `DataError` for a table that ends with too few rows behind a gap. */
export async function forecast(
  model: TableRegression,
  file: string,
  rows: RowsToPredict,
  {
    horizon = orderOf(model).horizon,
    paths,
    seed,
  }: Readonly<{ horizon?: number | undefined; paths: number; seed: number }>,
): Promise<Forecast> {
  const order = orderOf(model);
  const history = await rows.all();
  if (rows.endRows <= order.lags)
    throw new DataError(
      `${file}: ${rows.endRows} rows stand at its end without a gap, expected at least ${order.lags + 1}: the run learned rows given the last ${order.lags}\nadd rows, or train with fewer --lags`,
    );
  const last = history.names.length - 1;
  const from = timeOf(history.names[last] ?? "");
  const width = widthOf(model.prediction);
  return {
    model,
    history,
    paths,
    times: Array.from({ length: horizon }, (_, h) => timeAfter(order, from, h + 1)),
    isDate: columnNamed(model.prediction.schema, order.time).type === "date",
    drawn: await samplePaths(model, takeRows(history.rows, width, [last]), [from], { paths, horizon, seed }),
  };
}

const valuesAt = ({ drawn, paths, times }: Forecast, t: number, step: number): Float64Array =>
  Float64Array.from({ length: paths }, (_, k) => drawn[t]?.[k * times.length + step] ?? Number.NaN);

type Table = Readonly<{ columns: readonly WrittenColumn[]; rows: readonly Cell[][] }>;

const timeColumn = ({ model, isDate }: Forecast): WrittenColumn => ({
  name: orderOf(model).time,
  type: isDate ? "date" : "number",
});
const timeCells = ({ model, isDate, times }: Forecast): Cell[] =>
  times.map((time) => timeCell(orderOf(model), isDate, time));

/** Mean and quantiles of each step. */
export function forecastTable(of: Forecast, quantiles: readonly number[]): Table {
  const parts = of.model.targets.map(({ name }) =>
    predictedColumn(of.model.prediction, name, undefined, false, { quantiles }),
  );
  const predicted = of.model.targets.map(({ kind }, t) =>
    predictedOf(
      kind,
      of.times.map((_, step) => valuesAt(of, t, step)),
    ),
  );
  return {
    columns: [timeColumn(of), ...parts.flatMap(({ columns }) => columns)],
    rows: timeCells(of).map((time, i) => [
      time,
      ...parts.flatMap(({ cells }, t) => cells(predicted[t] as Predicted, i, Number.NaN, Number.NaN)),
    ]),
  };
}

/** The paths themselves: a row for each step of each. */
export function pathTable(of: Forecast): Table {
  const own = ownColumns(tableColumns(of.model.prediction.schema));
  const columns = of.model.targets.map(({ name }) => own.find((column) => column.name === name));
  const times = timeCells(of);
  return {
    columns: [
      { name: "path", type: "number" },
      timeColumn(of),
      ...of.model.targets.map(
        ({ name, kind, column }): WrittenColumn => ({
          name,
          type: kind.classes !== undefined ? "text" : column.type === "date" ? "date" : "number",
          nullable: true,
          ...(kind.classes === undefined && column.type !== "date" && { digits: DIGITS }),
        }),
      ),
    ],
    rows: Array.from({ length: of.paths * times.length }, (_, i) => [
      Math.floor(i / times.length) + 1,
      times[i % times.length] as Cell,
      ...columns.map((column, t) => {
        const value = of.drawn[t]?.[i] ?? Number.NaN;
        if (column === undefined) return null;
        const { kind, found } = column;
        return found.type === "date" ? kind.show(found, value) : kind.value(found, value);
      }),
    ]),
  };
}

/** The past and a fan of bands, a panel each column of numbers. */
export function forecastPicture(of: Forecast): Promise<string> {
  const { model, history, times, isDate } = of;
  const { time } = orderOf(model);
  const past = { encoded: history.rows, times: history.names.map(timeOf) };
  const panels = model.targets.flatMap((target, t): FanPanel[] => {
    if (target.kind.classes !== undefined) return [];
    const ahead = times.map((when, step) => ({
      time: when,
      predictive: new Predictive(valuesAt(of, t, step)),
    }));
    return [panelOf(model, target, past, past.times.length - 1, ahead)];
  });
  return fanChart({
    title: "Forecast: median, and bands that hold 50, 80 and 95 %",
    time,
    isDate,
    panels,
  });
}
